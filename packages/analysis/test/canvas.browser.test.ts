import { expect, it } from "vitest";
import { paintCanvas, encodePng, paintImage, pngUrl, toImageData } from "../src/render/index.ts";

const raster = paintImage({ shape: [1, 2, 3], values: [1, 0, 0, 0, 0, 1] });
const bytes = [255, 0, 0, 255, 0, 0, 255, 255];

/** Pixels of a canvas. */
const pixelsOf = (canvas: HTMLCanvasElement | OffscreenCanvas): number[] =>
  Array.from((canvas.getContext("2d") as CanvasRenderingContext2D).getImageData(0, 0, 2, 1).data);

it("a picture becomes pixels of a canvas, which gets its size", () => {
  expect(Array.from(toImageData(raster).data)).toEqual(bytes);
  const element = document.createElement("canvas");
  expect(paintCanvas(raster, element)).toBe(element);
  for (const canvas of [element, paintCanvas(raster)]) {
    expect([canvas.width, canvas.height]).toEqual([2, 1]);
    expect(pixelsOf(canvas)).toEqual(bytes);
  }
});

it("a picture as a PNG file or its address has the same pixels in the browser", async () => {
  const image = new Image();
  image.src = pngUrl(raster);
  await image.decode();
  const file = new Blob([encodePng(raster) as Uint8Array<ArrayBuffer>], { type: "image/png" });
  for (const source of [image, await createImageBitmap(file)]) {
    const canvas = new OffscreenCanvas(2, 1);
    canvas.getContext("2d")!.drawImage(source, 0, 0);
    expect(pixelsOf(canvas)).toEqual(bytes);
  }
});
