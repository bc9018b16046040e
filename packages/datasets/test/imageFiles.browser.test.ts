import { ValueError } from "@convlens/backend";
import { describe, expect, it } from "vitest";
import { batches, decodeImage, floatsOf, imageFiles } from "../src/index.ts";

// The decoder and the canvas of the browser.

/** A picture of three equal columns: black, grey and white. */
const columns = (height: number, width: number): ImageData => {
  const pixels = new ImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    const value = [0, 100, 255][Math.floor((3 * (i % width)) / width)]!;
    pixels.data.set([value, value, value, 255], 4 * i);
  }
  return pixels;
};
const canvasOf = (pixels: ImageData): OffscreenCanvas => {
  const canvas = new OffscreenCanvas(pixels.width, pixels.height);
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  return canvas;
};
const fileOf = async (type: string, pixels: ImageData): Promise<Blob> =>
  canvasOf(pixels).convertToBlob({ type, quality: 1 });

describe("decodeImage", () => {
  const pixels = columns(3, 9);
  const row = [0, 0, 0, 100, 100, 100, 255, 255, 255];

  it("reads files, pixels, bitmaps, canvases, elements and frames", async () => {
    const element = document.createElement("canvas");
    [element.width, element.height] = [9, 3];
    element.getContext("2d")!.putImageData(pixels, 0, 0);
    const image = new Image();
    image.src = element.toDataURL();
    await image.decode();
    const frame = new VideoFrame(canvasOf(pixels), { timestamp: 0 });
    const sources = {
      file: await fileOf("image/png", pixels),
      webp: await fileOf("image/webp", pixels),
      pixels,
      bitmap: await createImageBitmap(pixels),
      offscreen: canvasOf(pixels),
      element,
      image,
      frame,
    };
    expect(sources.webp.type).toBe("image/webp");
    for (const [name, source] of Object.entries(sources)) {
      const { values, shape } = await decodeImage(source, { size: [3, 9], channels: 1 });
      expect(shape).toEqual([3, 9, 1]);
      // A frame may be stored in YCbCr, and WebP loses a little.
      for (const [i, x] of [...row, ...row, ...row].entries())
        expect(Math.abs(values[i]! - x), `${name} ${i}`).toBeLessThan(4);
    }
    frame.close();
  });

  it("fits an image by stretching, covering or containing it", async () => {
    const fitted = async (fit: "cover" | "contain" | "stretch"): Promise<number[]> =>
      Array.from((await decodeImage(pixels, { size: [3, 3], channels: 1, fit })).values);
    expect(await fitted("cover")).toEqual(new Array(9).fill(100));
    expect((await fitted("stretch")).map((x) => Math.round(x / 128))).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
    const contained = await fitted("contain");
    expect(contained.slice(3, 6).map((x) => Math.round(x / 128))).toEqual([0, 1, 2]);
    const mean = Math.round((contained[3]! + contained[4]! + contained[5]!) / 3);
    expect([...contained.slice(0, 3), ...contained.slice(6)]).toEqual(new Array(6).fill(mean));
  });

  it("lays transparent pixels on white, and keeps colours", async () => {
    const two = new ImageData(Uint8ClampedArray.of(255, 0, 0, 255, 0, 0, 0, 0), 2, 1);
    expect(Array.from((await decodeImage(two, { size: [1, 2] })).values)).toEqual([255, 0, 0, 255, 255, 255]);
  });

  it("refuses what is not an image, by its name", async () => {
    const size = [2, 2] as const;
    const text = new File(["hello"], "notes.png", { type: "image/png" });
    await expect(decodeImage(text, { size })).rejects.toThrow(/notes\.png is not an image/);
    await expect(decodeImage(new Image(), { size })).rejects.toThrow(/the picture has no pixels/);
    await expect(decodeImage(pixels, {} as never)).rejects.toThrow(ValueError);
  });
});

describe("imageFiles", () => {
  it("has the sub-folders of the chosen folder as classes, and decodes for each batch", async () => {
    const files = await Promise.all(
      ["b/1", "a/2", "b/deep/3"].map(async (path, i) => {
        const pixels = new ImageData(
          new Uint8ClampedArray(16).fill(255).map((x, k) => (k % 4 === 3 ? x : 10 * i)),
          2,
          2,
        );
        const file = new File([await fileOf("image/png", pixels)], `${path.at(-1)}.png`);
        return Object.defineProperty(file, "webkitRelativePath", { value: `photos/${path}.png` });
      }),
    );
    const { images, classes } = imageFiles(files, { size: [2, 2], channels: 1 });
    expect([classes, Array.from(images.labels)]).toEqual([
      ["a", "b"],
      [1, 0, 1],
    ]);
    for await (const { inputs, targets } of batches(images, { size: 3, prefetch: 1 })) {
      expect(inputs.shape).toEqual([3, 2, 2, 1]);
      const expected = floatsOf({
        values: Uint8Array.from([0, 10, 20].flatMap((x) => new Array<number>(4).fill(x))),
        shape: [12],
      });
      expect(Array.from(inputs.knownValues)).toEqual(Array.from(expected));
      expect(Array.from(targets.knownValues)).toEqual([1, 0, 1]);
    }
  });
});
