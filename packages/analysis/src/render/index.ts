/**
 * Drawings without a DOM: painting gives an RGBA raster, drawing gives a scene of shapes, which {@link toSvg} turns into SVG text.
 * Colours are perceptually even, safe for colour-blind readers, and made for light and dark pages.
 *
 * @module
 */
export { colorMap, colorOf, type ColorMap, type ColorMapName, type Theme } from "./colorMaps.ts";
export { drawBars, type Bar } from "./drawBars.ts";
export { drawBoxes, type PixelBox } from "./drawBoxes.ts";
export { drawHistogram } from "./drawHistogram.ts";
export { drawLegend } from "./drawLegend.ts";
export { drawModules } from "./drawModules.ts";
export { drawOperations } from "./drawOperations.ts";
export { drawPoints, type MarkedPoint } from "./drawPoints.ts";
export { drawTrace, type TraceOptions } from "./drawTrace.ts";
export { drawVolumes, type DrawnVolumes, type VolumesOptions } from "./drawVolumes.ts";
export { drawLineChart, thinned, type LineChartOptions, type Series } from "./drawLineChart.ts";
export { paintMatrix } from "./paintMatrix.ts";
export { palette, type Role } from "./palette.ts";
export { paintCanvas, toImageData } from "./canvas.ts";
export { encodePng, pngUrl } from "./png.ts";
export {
  overlay,
  paintAtlas,
  paintImage,
  paintMap,
  scaleOf,
  type Atlas,
  type NumberGrid,
  type RasterOptions,
  type Raster,
  type Scale,
} from "./raster.ts";
export {
  attributesOf,
  type DrawOptions,
  type Paint,
  type Scene,
  type SceneShape,
  type ShapeAttributes,
  type WidthOptions,
} from "./scene.ts";
export { shortNumber } from "./shortNumber.ts";
export { roleRules, toSvg } from "./svg.ts";
