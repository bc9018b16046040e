import { cost, sharing, toMatrix, type LayerMatrix } from "@convlens/analysis";
import { drawBars, paintMatrix } from "@convlens/analysis/render";
import { ConvlensError, type Shape } from "@convlens/backend";
import { weightsOf, type Layer } from "@convlens/layers";
import { evaluate } from "@convlens/tensor";
import { optimizers } from "../catalogue.ts";
import { choice } from "../options.ts";
import { html, svg, type HtmlPart } from "../page/html.ts";
import { facts, figure, table, whole, type Section } from "../page/page.ts";
import { forWidths, showRaster, sizeFor } from "../page/pictures.ts";
import { convolutions, nameOf, type ModelSubject } from "./subject.ts";

const kib = (bytes: number): string => `${whole(bytes / 1024)} KiB`;

/** Computation and memory of each layer and in total. */
export function costSection({ model, shape, settings, layers }: ModelSubject): Section {
  const { batchSize: batch } = settings;
  const all = cost(model, shape, { batch, optimizer: choice("optimizer", settings.optimizer, optimizers)() });
  const own = all.layers.filter(({ name }) => layers.some((layer) => layer.name === name));
  const rows = own.map(({ name, type, outputShape, parameters, multiplyAdds, activations, kept }) => [
    `${name} ${type}`,
    outputShape.join(" × "),
    ...[parameters, multiplyAdds, activations, kept].map(whole),
  ]);
  const total = ["total", "", ...[all.parameters, all.multiplyAdds.forward, all.activations, all.kept].map(whole)];
  const counts = own.map(({ name, type, multiplyAdds }) => ({ name: `${name} ${type}`, value: multiplyAdds }));
  const bars = forWidths((width) => svg(drawBars(counts, { width, title: "multiply-adds of each layer" })));
  return {
    id: "cost",
    title: "Cost",
    body: html`<p>
        For one example. “Kept” activations stay in memory, as the backward pass reads them again. The totals include
        the input.
      </p>
      ${table("Costs", ["layer", "output", "parameters", "multiply-adds", "activations", "kept"], [...rows, total])}
      ${facts([
        ["multiply-adds of a prediction", whole(all.multiplyAdds.forward)],
        ["multiply-adds of a training step, per example", whole(all.multiplyAdds.training)],
        [`memory to predict ${batch} examples`, kib(all.inference.total)],
        [`memory of a training step with ${batch} examples`, kib(all.training.total)],
        [
          "of that, intermediate values",
          `${kib(all.training.values)}; ${kib(all.training.valuesUnplanned)} without reuse of memory`,
        ],
        [`of that, state of ${settings.optimizer}`, kib(all.optimizer)],
      ])}
      ${figure(bars, "Multiply-adds of each layer", "for one example")}`,
  };
}

/** Weight sharing. */
export async function sharingSection(subject: ModelSubject): Promise<Section> {
  const { model, shape } = subject;
  const rows = sharing(model, shape).map(({ name, type, neurons, copies, connections, weights, untied }) => [
    `${name} ${type}`,
    ...[neurons, copies, connections, weights, untied].map(whole),
  ]);
  return {
    id: "sharing",
    title: "Weight sharing",
    body: html`<p>
        A convolution applies the same few neurons at every position. “Untied” is the number of weights if each copy had
        its own.
      </p>
      ${table("Sharing", ["layer", "neurons", "copies of each", "connections", "weights", "untied"], rows)}${await matrixFigure(subject)}`,
  };
}

/** Pixels by which the input of the matrix may exceed the window. */
const [LEAST, MOST] = [1, 4];

/** Returns a layer as a matrix, for the smallest input larger than its window that its stride fits. */
function smallMatrix(layer: Layer, window: Shape, channels: number): LayerMatrix | undefined {
  for (let more = LEAST; more <= MOST; more++)
    try {
      return toMatrix(layer, [...window.map((size) => size + more), channels]);
    } catch (error) {
      if (!(error instanceof ConvlensError)) throw error;
    }
  return undefined;
}

/** The first convolution as a matrix, for an input slightly larger than its window. */
async function matrixFigure(subject: ModelSubject): Promise<HtmlPart> {
  const [first] = convolutions(subject);
  const filters = first && (await weightsOf(first.layer)).get("filters");
  if (first === undefined || filters === undefined || subject.shape.length !== 3) return "";
  const matrix = smallMatrix(first.layer as Layer, filters.shape.slice(0, 2), first.input.shape.at(-1)!);
  if (matrix === undefined) return "";
  if (matrix.rows * matrix.columns > 1e6) return "";
  const [weights] = await evaluate(matrix.weights);
  const about = `${nameOf(first)} as a matrix: ${matrix.rows} rows for outputs, ${matrix.columns} columns for inputs, ${whole(matrix.nonZeros)} nonzero entries, ${matrix.distinct} distinct weights`;
  const raster = showRaster(
    (theme) => paintMatrix(matrix, { weights, theme }),
    about,
    Math.max(2, sizeFor(matrix.rows, 560)),
  );
  return figure(
    raster,
    `${nameOf(first)} as a matrix`,
    `for an input of ${matrix.inputShape.slice(0, 2).join(" × ")} pixels: ${matrix.rows} × ${matrix.columns} entries, ${whole(matrix.nonZeros)} of which are copies of ${matrix.distinct} weights (orange above 0, violet below); the others are 0`,
  );
}
