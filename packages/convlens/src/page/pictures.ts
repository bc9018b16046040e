import {
  drawLineChart,
  paintImage,
  paintMap,
  pngUrl,
  type LineChartOptions,
  type NumberGrid,
  type Raster,
  type RasterOptions,
  type Series,
  type Theme,
} from "@convlens/analysis/render";
import { html, svg, type Html } from "./html.ts";

/** Height of a single row of numbers on the page, in pixels. */
const ROW = 24;

/** An image element. The page enlarges it without smoothing, and a single row of numbers to a band. */
function image({ width, height }: Raster, url: string, about: string, size: number): Html {
  const tall = height === 1 ? Math.max(size, ROW) : height * size;
  return html`<img alt="${about}" title="${about}" width="${width * size}" height="${tall}" src="${url}" />`;
}

/** A picture that does not depend on the colour scheme. */
export const showPicture = (raster: Raster, about: string, size = 4): Html =>
  image(raster, pngUrl(raster), about, size);

/** A picture in a light and a dark version. */
export function showRaster(paint: (theme: Theme) => Raster, about: string, size = 4): Html {
  const [light, dark] = [paint("light"), paint("dark")];
  return html`<picture
    ><source srcset="${pngUrl(dark)}" media="(prefers-color-scheme: dark)" />
    ${image(light, pngUrl(light), about, size)}</picture
  >`;
}

/** A drawing in a light and a dark version. */
export const showDrawing = (draw: (theme: Theme) => Html): Html =>
  html`<div class="light">${draw("light")}</div>
    <div class="dark">${draw("dark")}</div>`;

/** Width available on a wide page, and on a phone of 360 pixels. */
const [WIDE, NARROW] = [1080, 328];

/** A drawing in a wide and a narrow version. */
export const forWidths = (draw: (width: number) => Html): Html =>
  html`<div class="wide">${draw(WIDE)}</div>
    <div class="narrow">${draw(NARROW)}</div>`;

/** A line chart. */
export const chart = (series: readonly Series[], options: Omit<LineChartOptions, "width">): Html =>
  forWidths((width) => svg(drawLineChart(series, { ...options, width: Math.min(width, 640) })));

/** Numbers as an image, one pixel each. */
export const picture = (numbers: NumberGrid, about: string, size?: number, options: RasterOptions = {}): Html =>
  showRaster((theme) => paintMap(numbers, { ...options, theme }), about, size);

/**
 * An input of a model: an image about `width` pixels wide, or the first channel of one that has neither 1 nor 3 channels; a signal
 * as a line.
 */
export function showInput({ shape, values }: NumberGrid, about: string, width: number): Html {
  if (shape.length < 3) {
    const points = firstChannel(values, shape[1]).map((y, x) => [x, y] as const);
    return chart([{ name: about, points }], { title: about, xLabel: "place" });
  }
  const raster = rasterOfInput({ shape, values });
  return showPicture(raster, about, sizeFor(raster.width, width));
}

/** Returns the numbers of the first channel. */
export const firstChannel = (values: ArrayLike<number>, channels = 1): number[] =>
  Array.from(values).filter((_, i) => i % channels === 0);

/** Converts an input to an image; of more channels than 3, or of 2, the first is used. */
export function rasterOfInput({ shape, values }: NumberGrid): Raster {
  const [height, width, channels] = shape as readonly [number, number, number];
  if (channels === 1 || channels === 3) return paintImage({ shape, values });
  return paintImage({ shape: [height, width, 1], values: firstChannel(values, channels) });
}

/** Returns the scale at which a picture has about the wanted width. */
export const sizeFor = (width: number, wanted: number): number => Math.max(1, Math.round(wanted / width));
