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
import { convolutions, nameOf, type Subject } from "./subject.ts";

const kib = (bytes: number): string => `${whole(bytes / 1024)} KiB`;

/** What the net costs, layer by layer and in all. */
export function costSection({ model, shape, settings, layers }: Subject): Section {
  const { batchSize: batch } = settings;
  const all = cost(model, shape, { batch, optimizer: choice("optimizer", settings.optimizer, optimizers)() });
  const own = all.layers.filter(({ name }) => layers.some((layer) => layer.name === name));
  const rows = own.map(({ name, type, outputShape, parameters, multiplyAdds, activations, kept }) => [
    `${name} ${type}`,
    outputShape.join(" × "),
    ...[parameters, multiplyAdds, activations, kept].map(whole),
  ]);
  const total = ["in all", "", ...[all.parameters, all.multiplyAdds.forward, all.activations, all.kept].map(whole)];
  const counts = own.map(({ name, type, multiplyAdds }) => ({ name: `${name} ${type}`, value: multiplyAdds }));
  const bars = forWidths((width) => svg(drawBars(counts, { width, title: "multiply-adds of each layer" })));
  return {
    id: "cost",
    title: "What it costs",
    body: html`<p>
        Numbers for one example. “Kept” is what the way back reads again, so that it stays in memory until then; the
        totals count the input, too.
      </p>
      ${table("Costs", ["layer", "makes", "parameters", "multiply-adds", "activations", "kept"], [...rows, total])}
      ${facts([
        ["multiply-adds of an answer", whole(all.multiplyAdds.forward)],
        ["multiply-adds of a step of learning, for each example", whole(all.multiplyAdds.training)],
        [`memory of answers to ${batch} examples`, kib(all.inference.total)],
        [`memory of a step with ${batch} examples`, kib(all.training.total)],
        [
          "of that, values in between",
          `${kib(all.training.values)}; ${kib(all.training.valuesUnplanned)} if no memory were used twice`,
        ],
        [`of that, memory of ${settings.optimizer}`, kib(all.optimizer)],
      ])}
      ${figure(bars, "Multiply-adds of each layer", "for one example")}`,
  };
}

/** How weights are shared: many copies of the same neuron. */
export async function sharingSection(subject: Subject): Promise<Section> {
  const { model, shape } = subject;
  const rows = sharing(model, shape).map(({ name, type, neurons, copies, connections, weights, untied }) => [
    `${name} ${type}`,
    ...[neurons, copies, connections, weights, untied].map(whole),
  ]);
  return {
    id: "sharing",
    title: "Many copies of the same neuron",
    body: html`<p>
        A convolution puts the same few neurons at every place. “Untied” is how many weights there would be if each
        neuron had its own.
      </p>
      ${table("Sharing", ["layer", "neurons", "copies of each", "connections", "weights", "untied"], rows)}${await matrixFigure(subject)}`,
  };
}

/** Pixels by which the input of the matrix may be larger than its window. */
const [LEAST, MOST] = [1, 4];

/** A layer as a matrix, for the smallest input beyond its window that its stride fits. */
function smallMatrix(layer: Layer, [height, width, channels]: Shape): LayerMatrix | undefined {
  for (let more = LEAST; more <= MOST; more++)
    try {
      return toMatrix(layer, [height! + more, width! + more, channels!]);
    } catch (error) {
      if (!(error instanceof ConvlensError)) throw error;
    }
  return undefined;
}

/** The first convolution as a matrix, for an input that is only a little larger than its window. */
async function matrixFigure(subject: Subject): Promise<HtmlPart> {
  const [first] = convolutions(subject);
  const filters = first && (await weightsOf(first.layer)).get("filters");
  if (first === undefined || filters === undefined || subject.shape.length !== 3) return "";
  const matrix = smallMatrix(first.layer, [...filters.shape.slice(0, 2), first.input.shape.at(-1)!]);
  if (matrix === undefined) return "";
  if (matrix.rows * matrix.columns > 1e6) return "";
  const [weights] = await evaluate(matrix.weights);
  const about = `${nameOf(first)} as a matrix: ${matrix.rows} rows for outputs, ${matrix.columns} columns for inputs, ${whole(matrix.nonZeros)} entries, ${matrix.distinct} different weights`;
  const raster = showRaster(
    (theme) => paintMatrix(matrix, { weights: weights!, theme }),
    about,
    Math.max(2, sizeFor(matrix.rows, 560)),
  );
  return figure(
    raster,
    `${nameOf(first)} as a matrix`,
    `for an input of ${matrix.inputShape.slice(0, 2).join(" × ")} pixels only: ${matrix.rows} × ${matrix.columns}, of which ${whole(matrix.nonZeros)} are not 0, and these are copies of ${matrix.distinct} weights (orange above 0, violet below)`,
  );
}
