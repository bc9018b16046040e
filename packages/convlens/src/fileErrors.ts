import { ConvlensError } from "@convlens/backend";
import { writeFileAtomic } from "@convlens/training/node";

/** Reasons and fixes by error code of the file system. */
const reasons = new Map<string | undefined, string>(
  Object.entries({
    ENOSPC: "the disk is full; free some space",
    EDQUOT: "your share of the disk is full; free some space",
    EFBIG: "the file would be larger than the file system allows; choose another folder",
    EROFS: "the file system is read-only; choose another folder",
    EACCES: "permission is denied; change the permissions, or choose another folder",
    EPERM: "the system does not permit it; change the permissions, or choose another folder",
    ENOENT: "there is no such file or folder; check the path",
    ENOTDIR: "a part of the path is a file, not a folder; check the path",
    EISDIR: "it is a folder; give a file",
    EEXIST: "there is a file of that name already; choose another name",
    ENAMETOOLONG: "the name is too long; choose a shorter one",
    ELOOP: "its symbolic links lead in a circle; check the path",
    EMFILE: "too many files are open; close other programs",
    ENFILE: "too many files are open; close other programs",
    EBUSY: "another program is using it; close that program",
    EIO: "the disk does not answer; check the disk",
  }),
);

/** Whether an error comes from the file system. */
export const isFileError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === "string";

/** Returns why a file operation failed and what to do, as the end of a sentence. */
export function reasonOf(error: unknown): string {
  return reasons.get((error as NodeJS.ErrnoException).code) ?? messageOf(error);
}

/** Returns the message of a thrown value, which need not be an `Error`. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message || error.name;
  try {
    return String(error);
  } catch {
    return "something that has no text";
  }
}

/** Writes a file atomically, or throws a `ConvlensError` that says why it cannot be written. */
export async function saveFile(path: string, content: Uint8Array | string): Promise<void> {
  try {
    await writeFileAtomic(path, content);
  } catch (cause) {
    throw new ConvlensError({ problem: `${path} cannot be written: ${reasonOf(cause)}`, cause });
  }
}
