/**
 * Drawing without a DOM: RGBA rasters and SVG text, in colours that are even for the eye and safe for the colour-blind, for
 * light and dark pages.
 *
 * @module
 */
export { colorMap, colorOf, type ColorMap, type ColorMapName, type Theme } from "./colorMaps.ts";
