import { trace, tap, type Trace } from "@convlens/analysis";
import { drawTrace, shortNumber } from "@convlens/analysis/render";
import { placeOf } from "@convlens/backend";
import { html, svg, type Html } from "../page/html.ts";
import { figure, scrolling, type Section } from "../page/page.ts";
import { forWidths, showDrawing } from "../page/pictures.ts";
import { className, convolutions, hasPlaces, nameOf, type Subject } from "./subject.ts";

/** Traces of single numbers: of a convolution, of a pooling layer, and of the prediction. */
export async function traceSection(subject: Subject): Promise<Section> {
  const { model, x, layers, answer } = subject;
  const first = convolutions(subject)[0];
  const pooling = layers.find(
    (layer) => hasPlaces(layer) && layer.operations.some(({ operation }) => operation?.endsWith("Pool2d")),
  );
  const last = layers.at(-1);
  const asked = [first, pooling].flatMap((layer) => (layer === undefined ? [] : [layer]));
  const look = tap(
    model,
    asked.map(({ name }) => name),
  );
  const { layers: made } = await look(x);
  look.dispose();
  const parts = await Promise.all(
    Array.from(made.values(), async (layer) => {
      const values = Array.from(layer.values);
      const at = values.indexOf(values.reduce((a, b) => Math.max(a, b), -Infinity));
      return traceFigure(
        await trace(model, x, layer.name, placeOf(at, layer.shape.slice(1))),
        `The largest output of ${nameOf(layer)}`,
      );
    }),
  );
  if (last !== undefined && last.output.rank === 2 && last.operations.some(({ operation }) => operation === "matmul"))
    parts.push(
      traceFigure(
        await trace(model, x, last.name, [answer]),
        `The logit of ${className(subject, answer)}: the largest products of ${nameOf(last)}`,
      ),
    );
  return {
    id: "trace",
    title: "Traces",
    body: html`<p>
        How single numbers are computed: the products and the bias that are summed, or the candidates of a maximum.
      </p>
      ${parts}`,
  };
}

/** Formats a number with a number of significant digits. */
const digits = (x: number, count: number): string => x.toPrecision(count).replace("-", "−");

function traceFigure(found: Trace, title: string): Html {
  const drawn = forWidths((width) => showDrawing((theme) => svg(drawTrace(found, { theme, width }))));
  return figure(
    scrolling(drawn, title),
    title,
    `unit [${found.unit.join(", ")}] is ${shortNumber(found.output)}: the layer computed ${digits(found.output, 7)} in float32; the drawing sums to ${digits(found.value, 9)} in float64`,
  );
}
