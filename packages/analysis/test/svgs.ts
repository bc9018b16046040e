import * as render from "../src/render/index.ts";

/** A drawing function that gives SVG text. */
const asText =
  <Parameters extends readonly unknown[]>(draw: (...given: Parameters) => render.Scene) =>
  (...given: Parameters): string =>
    render.toSvg(draw(...given));

export const drawBars = asText(render.drawBars);
export const drawBoxes = asText(render.drawBoxes);
export const drawHistogram = asText(render.drawHistogram);
export const drawLegend = asText(render.drawLegend);
export const drawLineChart = asText(render.drawLineChart);
export const drawModules = asText(render.drawModules);
export const drawOperations = asText(render.drawOperations);
export const drawPoints = asText(render.drawPoints);
export const drawTrace = asText(render.drawTrace);
export const drawVolumes = asText(render.drawVolumes);
