import { readFile } from "../controls/readFile.ts";

/** Bytes of the largest file that is decoded. */
const MOST_BYTES = 60_000_000;

const LUMA = [0.299, 0.587, 0.114];

/** The content of a canvas as grey from 0 to 1, row-major. */
function greyOf(context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D, side: number): Float32Array {
  const { data } = context.getImageData(0, 0, side, side);
  return Float32Array.from({ length: side * side }, (_, i) =>
    LUMA.reduce((sum, share, channel) => sum + (share * data[4 * i + channel]!) / 255, 0),
  );
}

/** The middle square of a picture, scaled down. */
export function middleOf(picture: CanvasImageSource, width: number, height: number, side: number): Float32Array {
  const context = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  const edge = Math.min(width, height);
  context.drawImage(picture, (width - edge) / 2, (height - edge) / 2, edge, edge, 0, 0, side, side);
  return greyOf(context, side);
}

/**
 * The middle square of an image as grey from 0 to 1, `side` × `side`, row-major. It is scaled down while it is decoded, outside of
 * the page's thread, so that a large photo does not block the page.
 *
 * @throws An error with a sentence for the reader.
 */
export const readImage = (file: File, side: number): Promise<Float32Array> =>
  readFile(file, {
    name: file.name,
    most: MOST_BYTES,
    enough: `an image of less than ${MOST_BYTES / 1e6} MB is enough for ${side} × ${side} pixels`,
    otherwise: "an image. This browser reads PNG, JPEG, WebP and GIF; the previous picture stays.",
    decode: async () => {
      const options = { resizeQuality: "medium", imageOrientation: "from-image" } as const;
      const small = await createImageBitmap(file, { ...options, resizeHeight: 4 * side });
      const pixels = middleOf(small, small.width, small.height, side);
      small.close();
      return pixels;
    },
  });
