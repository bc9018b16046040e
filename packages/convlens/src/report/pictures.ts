import { paintMap, pngUrl, type Numbers, type RasterOptions, type Raster } from "@convlens/analysis/render";

/** A picture for light pages and one for dark ones; the page enlarges it without smoothing. */
export function showRaster(paint: (theme: "light" | "dark") => Raster, about: string, size = 4): string {
  const [light, dark] = [paint("light"), paint("dark")];
  const image = `<img alt="${about}" title="${about}" width="${light.width * size}" height="${light.height * size}" src="${pngUrl(light)}">`;
  return `<picture><source srcset="${pngUrl(dark)}" media="(prefers-color-scheme: dark)">${image}</picture>`;
}

/** Numbers as a picture, each a pixel. */
export const picture = (numbers: Numbers, about: string, size?: number, options: RasterOptions = {}): string =>
  showRaster((theme) => paintMap(numbers, { ...options, theme }), about, size);

/** Ink on paper. */
export const gray: RasterOptions = { map: "gray", range: [1, 0] };
