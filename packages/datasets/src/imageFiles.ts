import { checkOptions, checkValue, ValueError, type OptionCheck, type OptionChecks } from "@convlens/backend";
import { labelsOf } from "./arrays.ts";
import type { Classification } from "./dataset.ts";
import type { Numbers } from "./example.ts";
import {
  channelsOption,
  edgeColor,
  fitOption,
  placementOf,
  placeRows,
  sizeOption,
  type ImageFitOptions,
  type ImageSize,
} from "./fit.ts";

/**
 * A picture in a page: an image file of a kind that the browser decodes (PNG, JPEG, WebP, …), pixels, or an element or frame that
 * it can draw.
 */
export type ImageSource =
  | Blob
  | ImageData
  | ImageBitmap
  | HTMLImageElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | HTMLVideoElement
  | VideoFrame;

/** Options of {@link imageFiles}. */
export interface ImageFilesOptions extends ImageFitOptions {
  /** Class of each file, as an index of `classes`. Default: the sub-folder of a file in the folder that the user chose. */
  readonly labels?: ArrayLike<number> | undefined;
  /** Names of the classes. Default: the names of the sub-folders in alphabetical order. */
  readonly classes?: readonly string[] | undefined;
}

const checks: OptionChecks<ImageFitOptions> = { size: sizeOption, channels: channelsOption, fit: fitOption };
const listOption: OptionCheck = (x) => (typeof x === "object" && x !== null && "length" in x ? undefined : "an array");

/** Weights of red, green and blue in luma (ITU-R BT.601). */
const LUMA = [0.299, 0.587, 0.114] as const;

/** Height and width of a picture. */
function sizeOf(picture: Exclude<ImageSource, Blob | ImageData>): ImageSize {
  if ("naturalWidth" in picture) return [picture.naturalHeight, picture.naturalWidth];
  if ("videoWidth" in picture) return [picture.videoHeight, picture.videoWidth];
  if ("displayWidth" in picture) return [picture.displayHeight, picture.displayWidth];
  return [picture.height, picture.width];
}

/** Bytes of the pixels of a canvas, in grey or colours. */
function bytesOf(context: OffscreenCanvasRenderingContext2D, [height, width]: ImageSize, channels: 1 | 3): Uint8Array {
  const { data } = context.getImageData(0, 0, width, height);
  const bytes = new Uint8Array(height * width * channels);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const [red, green, blue] = [data[4 * pixel]!, data[4 * pixel + 1]!, data[4 * pixel + 2]!];
    if (channels === 1) bytes[pixel] = Math.round(LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue);
    else bytes.set([red, green, blue], 3 * pixel);
  }
  return bytes;
}

/** @throws `ValueError` if the browser cannot decode it. */
async function bitmapOf(picture: Blob | ImageData): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(picture);
  } catch (cause) {
    const name = "name" in picture ? `${picture.name as string} ` : "";
    throw new ValueError({
      operation: "decodeImage",
      problem: `${name}is not an image that this browser decodes`,
      fix: "give a complete PNG, JPEG or WebP file",
      cause,
    });
  }
}

/**
 * Reads the pixels of a picture in a page or its worker, fitted to a size. The browser decodes and scales; a photo is turned as
 * its EXIF orientation says, and transparent pixels are over white.
 *
 * @returns Bytes `[height, width, channels]`.
 * @throws `ValueError` for a file that the browser cannot decode, a picture without pixels, or an option that is unknown or wrong.
 */
export async function decodeImage(picture: ImageSource, options: ImageFitOptions): Promise<Numbers> {
  const operation = "decodeImage";
  checkOptions(operation, options, checks);
  checkValue(operation, "size", options.size, sizeOption);
  const { size, channels = 3, fit = "cover" } = options;
  const isDecoded = picture instanceof Blob || picture instanceof ImageData;
  const source = isDecoded ? await bitmapOf(picture) : picture;
  const [tall, wide] = sizeOf(source);
  if (!(tall > 0 && wide > 0))
    throw new ValueError({ operation, problem: "the picture has no pixels", fix: "wait until it is loaded" });
  const { part, inner } = placementOf([tall, wide], size, fit);
  const context = new OffscreenCanvas(inner[1], inner[0]).getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white";
  context.fillRect(0, 0, inner[1], inner[0]);
  const [top, left] = [(tall - part[0]) / 2, (wide - part[1]) / 2];
  context.drawImage(source, left, top, part[1], part[0], 0, 0, inner[1], inner[0]);
  if (isDecoded) (source as ImageBitmap).close();
  const bytes = bytesOf(context, inner, channels);
  const shape = [...size, channels];
  if (inner[0] === size[0] && inner[1] === size[1]) return { values: bytes, shape };
  const edge = edgeColor({ height: inner[0], width: inner[1], channels, values: bytes }).map(Math.round);
  const filled = Uint8Array.from({ length: size[0] * size[1] * channels }, (_, i) => edge[i % channels]!);
  return { values: placeRows(filled, size, bytes, inner, channels), shape };
}

/**
 * Makes a data set of image files in a page, such as those of `<input type="file" webkitdirectory>`, whose sub-folders are the
 * classes. A file is decoded when a batch needs it.
 *
 * @throws `ValueError` for no files, files in no sub-folder without `labels`, or an option that is unknown or wrong. Reading an
 * example throws one for a file that the browser cannot decode.
 *
 * @example
 * ```ts
 * const files = ["cat", "dog"].map((name) => new File([], `${name}.png`));
 * const { images } = imageFiles(files, { size: [64, 64], labels: [0, 1], classes: ["cat", "dog"] });
 * images.shapes.input; // [64, 64, 3]
 * ```
 */
export function imageFiles(
  files: FileList | readonly Blob[],
  options: ImageFilesOptions,
): { readonly images: Classification; readonly classes: readonly string[] } {
  const operation = "imageFiles";
  checkOptions(operation, options, { ...checks, labels: listOption, classes: listOption });
  const { labels: given, classes: names, ...fit } = options;
  checkValue(operation, "size", fit.size, sizeOption);
  const all: readonly Blob[] = Array.from(files);
  if (all.length === 0) throw new ValueError({ operation, expected: "at least one file", got: 0, gotWords: "none" });
  if (given !== undefined && given.length !== all.length)
    throw new ValueError({
      operation,
      what: "labels",
      expected: `one for each of ${all.length} files`,
      got: given.length,
    });
  const folders = given === undefined ? all.map(folderOf) : [];
  const classes =
    names ??
    (given === undefined
      ? [...new Set(folders)].toSorted((a, b) => (a < b ? -1 : 1))
      : Array.from({ length: Math.max(...Array.from(given)) + 1 }, (_, i) => `${i}`));
  const labels = labelsOf(operation, given ?? folders.map((folder) => classes.indexOf(folder)), classes);
  const { channels = 3 } = fit;
  const images: Classification = {
    kind: "sized",
    size: all.length,
    shapes: { input: [...fit.size, channels], target: [] },
    labels,
    classes,
    example: async (i) => ({
      input: await decodeImage(all[i]!, fit),
      target: { values: labels.subarray(i, i + 1), shape: [] },
    }),
  };
  return { images, classes };
}

/** The uppermost sub-folder of a file in the folder that the user chose: `cat` of `photos/cat/1.png`. */
function folderOf(file: Blob, i: number): string {
  const path = (file as Partial<File>).webkitRelativePath ?? "";
  const [, folder, ...rest] = path.split("/");
  if (folder !== undefined && rest.length > 0) return folder;
  throw new ValueError({
    operation: "imageFiles",
    problem: `file ${i} (${JSON.stringify(path || ((file as Partial<File>).name ?? ""))}) is in no sub-folder`,
    fix: "choose a folder with a sub-folder for each class, or pass labels",
  });
}
