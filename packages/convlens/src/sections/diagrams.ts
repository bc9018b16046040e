import {
  countModules,
  modularGraph,
  operationGraph,
  volumeTable,
  type ModularGraph,
  type VolumeTable,
} from "@convlens/analysis";
import { drawModules, drawOperations, drawVolumes } from "@convlens/analysis/render";
import { ConvlensError, type Shape } from "@convlens/backend";
import { html, svg } from "../page/html.ts";
import { figure, scrolling, type Section } from "../page/page.ts";
import { forWidths } from "../page/pictures.ts";
import type { Subject } from "./subject.ts";

/** Lines that can be told apart. */
const MOST_LINES = 6000;

/** The modules of the model on the smallest input that it accepts, so that elements can be told apart. */
function modules({ make, shape, sets }: Subject): { readonly graph: ModularGraph; readonly shape: Shape } | undefined {
  const [longest, channels] = [Math.max(...shape.slice(0, -1)), shape.at(-1)!];
  for (let size = 3; size <= longest; size++) {
    const small = [...shape.slice(0, -1).map((own) => Math.min(own, size)), channels];
    try {
      const graph = modularGraph(make(sets.train.classes.length, small), small);
      return countModules(graph).edges <= MOST_LINES ? { graph, shape: small } : undefined;
    } catch (error) {
      // The model does not accept an input of this size.
      if (!(error instanceof ConvlensError)) throw error;
    }
  }
  return undefined;
}

/** Explains the short names by an example. */
function explanationOf({ rows }: VolumeTable): string {
  const convolution = rows.find(({ name }) => name.startsWith("CONV"));
  if (convolution === undefined) return "";
  const { name, weightShape } = convolution;
  return `; ${name} stands for ${weightShape.at(-1)!} filters of ${weightShape.slice(0, -2).join(" × ")}, FC for a fully connected layer`;
}

/** Diagrams of the model. */
export function diagramSection(subject: Subject): Section {
  const { model, shape } = subject;
  const table = volumeTable(model, shape);
  const parts = [
    figure(
      scrolling(
        forWidths((width) => svg(drawVolumes(table, { width }))),
        "The model as volumes",
      ),
      "Volumes",
      `the output of each layer as a box: height upwards, width to the back, channels to the right${explanationOf(table)}`,
    ),
    figure(
      scrolling(svg(drawOperations(operationGraph(model, shape, "layers"))), "The model as a graph"),
      "Graph of layers",
      "with the output shape of each; layers with parameters are filled",
    ),
  ];
  const modular = modules(subject);
  if (modular !== undefined) {
    const { elements, edges } = countModules(modular.graph);
    parts.push(
      figure(
        scrolling(
          forWidths((width) => svg(drawModules(modular.graph, { width }))),
          "The model as modules",
        ),
        "Modules",
        `on an input of ${modular.shape.join(" × ")}, the smallest that the model accepts: ${elements} elements and ${edges} lines; each letter is a group of neurons, copied over all positions`,
      ),
    );
  }
  return { id: "diagrams", title: "Architecture", body: html`${parts}` };
}
