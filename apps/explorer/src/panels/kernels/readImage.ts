/** An image of the reader's, or why it is none. */
export type ReadImage =
  { readonly kind: "image"; readonly pixels: Float32Array } | { readonly kind: "problem"; readonly text: string };

/** Larger files are not even tried. In bytes. */
const MOST_BYTES = 60_000_000;

/**
 * The middle of an image as grey from 0 to 1, `side` × `side`, row-major. It is made small while it is decoded, beside the
 * page's own thread, so that a photo of any size does no harm.
 */
export async function readImage(file: Blob & { readonly name: string }, side: number): Promise<ReadImage> {
  if (file.size > MOST_BYTES)
    return {
      kind: "problem",
      text: `${file.name} has ${Math.round(file.size / 1e6)} MB; an image of less than ${MOST_BYTES / 1e6} MB is enough for ${side} × ${side} pixels.`,
    };
  try {
    const options = { resizeQuality: "medium", imageOrientation: "from-image" } as const;
    const small = await createImageBitmap(file, { ...options, resizeHeight: 4 * side });
    const canvas = new OffscreenCanvas(side, side);
    const context = canvas.getContext("2d", { willReadFrequently: true })!;
    context.imageSmoothingQuality = "high";
    const edge = Math.min(small.width, small.height);
    context.drawImage(small, (small.width - edge) / 2, (small.height - edge) / 2, edge, edge, 0, 0, side, side);
    small.close();
    const { data } = context.getImageData(0, 0, side, side);
    const luma = [0.299, 0.587, 0.114];
    const pixels = Float32Array.from({ length: side * side }, (_, i) =>
      luma.reduce((sum, share, channel) => sum + (share * data[4 * i + channel]!) / 255, 0),
    );
    return { kind: "image", pixels };
  } catch {
    return {
      kind: "problem",
      text: `${file.name} could not be read as an image. This browser reads PNG, JPEG, WebP and GIF; the picture before stays.`,
    };
  }
}
