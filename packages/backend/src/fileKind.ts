/** A kind of file that is often passed where another kind is expected. */
export interface FileKind {
  /** `"a zip archive"`. */
  readonly name: string;
  /** What to do with such a file. */
  readonly fix: string;
}

/** Number of bytes at the beginning of a file that {@link fileKind} examines. */
export const FILE_KIND_BYTES = 512;

const unpack = "unpack it and give a file from inside";
const exported = "export its arrays to a format that is read here";

/** Kinds by the bytes at a position in the file, as Latin-1 text. */
const kinds: readonly (readonly [at: number, magic: string, name: string, fix: string])[] = [
  [
    0,
    "PK\x03\x04",
    "a zip archive",
    `${unpack}; an .npz file is a zip archive of .npy files, a .pt file one of pickled tensors`,
  ],
  [0, "PK\x05\x06", "an empty zip archive", "give a file with content"],
  [0, "\x1f\x8b", "a gzip file", "unpack it (gunzip) first"],
  [257, "ustar", "a tar archive", unpack],
  [0, "\xfd7zXZ\0", "an xz archive", unpack],
  [0, "BZh", "a bzip2 file", unpack],
  [0, "\x28\xb5\x2f\xfd", "a Zstandard file", unpack],
  [0, "7z\xbc\xaf\x27\x1c", "a 7z archive", unpack],
  [0, "\x93NUMPY", "an npy file", "read it with readNpy"],
  [0, "\x89HDF\r\n\x1a\n", "an HDF5 file", exported],
  [0, "MATLAB 5.0", "a MATLAB file", exported],
  [0, "\x89PNG", "a PNG image", "give a file of numbers"],
  [0, "\xff\xd8\xff", "a JPEG image", "give a file of numbers"],
  [0, "version https://git-lfs", "a pointer of Git LFS", "fetch the file that it stands for (git lfs pull)"],
  ...["\x80\x02", "\x80\x03", "\x80\x04", "\x80\x05"].map(
    (magic) => [0, magic, "a Python pickle", `load it in Python and ${exported}`] as const,
  ),
  [0, "<?xml", "an XML file", "if the address answers with a page that tells of an error, fetch the file itself"],
  ...["<!doctype", "<!DOCTYPE", "<html", "<HTML"].map(
    (magic) => [0, magic, "a web page", "the address answers with a page: fetch the file itself"] as const,
  ),
];

/** Whether the bytes at `at` are these characters of Latin-1. */
const stands = (bytes: Uint8Array, at: number, magic: string): boolean => {
  for (let i = 0; i < magic.length; i++) if (bytes[at + i] !== magic.charCodeAt(i)) return false;
  return true;
};

/**
 * Returns the kind of file that begins with these bytes, for an error message; `undefined` for unknown kinds.
 *
 * @param bytes - The first {@link FILE_KIND_BYTES} bytes, or the whole of a shorter file.
 *
 * @example
 * ```ts
 * fileKind(new TextEncoder().encode("PK\x03\x04"))?.name; // "a zip archive"
 * ```
 */
export function fileKind(bytes: Uint8Array): FileKind | undefined {
  const found = kinds.find(([at, magic]) => stands(bytes, at, magic));
  return found && { name: found[2], fix: found[3] };
}
