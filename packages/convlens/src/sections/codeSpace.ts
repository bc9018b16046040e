import {
  codesOf,
  nearestNeighbors,
  principalComponents,
  tap,
  tsne,
  type Codes,
  type Matrix,
  type RecordedLayer,
} from "@convlens/analysis";
import { drawPoints } from "@convlens/analysis/render";
import { traitsOf } from "@convlens/backend";
import { take } from "@convlens/datasets";
import { html, svg, type Html } from "../page/html.ts";
import { figure, percent, type Section } from "../page/page.ts";
import { forWidths, showInput } from "../page/pictures.ts";
import { className, exampleOf, nameOf, type Subject } from "./subject.ts";

/** Test examples in the plots, and neighbours that are shown. */
const [EXAMPLES, NEIGHBORS] = [500, 8];

/** The layer whose output the last layer reads. */
function codeLayer({ layers }: Subject): RecordedLayer | undefined {
  const last = layers.findLastIndex(({ operations }) => operations.some(({ operation }) => traitsOf(operation).weighs));
  return layers[last - 1];
}

/** Embeddings of the test set in the plane, and the nearest neighbours of the input. */
export async function codeSection(subject: Subject): Promise<Section | undefined> {
  const { model, x, sets, inputName } = subject;
  const layer = codeLayer(subject);
  if (layer === undefined) return undefined;
  const data = take(sets.test, EXAMPLES);
  const codes = await codesOf(model, data, { layer: layer.name });
  if (codes.columns < 2 || codes.rows < 20) return undefined;
  const look = tap(model, [layer.name]);
  const own = (await look(x)).layers.get(layer.name)!.values;
  look.dispose();
  const all = withRow(codes, own);
  const { scores, shares } = principalComponents(all, { count: 2 });
  const share = shares.reduce((sum, each) => sum + each, 0);
  let map: Matrix = scores;
  let divergence = NaN;
  for await (const look_ of tsne(all)) ({ points: map, divergence } = look_);
  const drawn = (points: Matrix, title: string): Html => {
    const marks = [...Array.from(codes.labels), subject.answer].map((kind, i) => ({
      x: points.values[2 * i]!,
      y: points.values[2 * i + 1]!,
      kind,
      selected: i === codes.rows,
      about: i < codes.rows ? `test example ${i}, a ${data.classes[kind]}` : inputName,
    }));
    return forWidths((width) => svg(drawPoints(marks, data.classes, { title, width: Math.min(width, 480) })));
  };
  return {
    id: "codes",
    title: "Embedding",
    body: html`<p>
        The output of ${nameOf(layer)} (${codes.columns} numbers) for ${data.size} test examples, each drawn as its true
        class; ${inputName} is in a yellow circle, drawn as the predicted class.
      </p>
      <div class="gallery">
        ${figure(drawn(scores, "principal components"), "Principal components", `the two directions of largest variance, ${percent(share, 0)} of the total`)}${figure(
          drawn(map, "t-SNE"),
          "t-SNE",
          `keeps neighbours together (Kullback–Leibler divergence ${divergence.toFixed(2)}); distances between clusters mean little`,
        )}
      </div>
      ${neighbors(subject, codes, own)}`,
  };
}

/** Appends a row to codes. */
function withRow({ rows, columns, values }: Codes, own: ArrayLike<number>): Matrix {
  const all = new Float32Array((rows + 1) * columns);
  all.set(values);
  all.set(own, rows * columns);
  return { rows: rows + 1, columns, values: all };
}

function neighbors(subject: Subject, codes: Codes, own: ArrayLike<number>): Html {
  const of = { rows: 1, columns: codes.columns, values: Float32Array.from(own) };
  const found = nearestNeighbors(codes, { count: Math.min(NEIGHBORS + 1, codes.rows), of });
  // An example of the test set is its own neighbour.
  const itself = found.distances[0] === 0 ? 1 : 0;
  const [indices, distances] = [found.indices.subarray(itself, itself + NEIGHBORS), found.distances.subarray(itself)];
  const figures = Array.from(indices, (index, i) =>
    figure(
      showInput(exampleOf(subject.sets.test, index), `test example ${index}`, 84),
      className(subject, codes.labels[index]!),
      `distance ${distances[i]!.toFixed(2)}`,
    ),
  );
  return html`<h3>Nearest neighbours</h3>
    <div class="gallery">${figures}</div>`;
}
