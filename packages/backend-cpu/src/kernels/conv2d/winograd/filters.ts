import { loadOf } from "../../../assembler/expression.ts";
import { strided } from "../../../callList.ts";
import { defineFunction, keyOf } from "../../../defineFunction.ts";
import { after, type Address } from "../../../heap.ts";
import type { Runtime } from "../../../runtime.ts";
import type { ImageGeometry } from "../convolver.ts";
import { EDGE, filterTransform, PLANES, transformSquare } from "./transforms.ts";
import { panelLength, panelWidth, writePackAll, type PanelShape } from "../../panels.ts";

/** Numbers that are transformed in a call. */
export const CHUNK = 4096;

/**
 * Use of transformed filters: the convolution; the convolution with flipped filters that gives the gradient of the input; or the
 * adjoint of the convolution, which gives the same.
 */
export type FilterUse = "forward" | "backward" | "adjoint";

/** Filters [taps, taps, terms, columns] of a use. */
interface Filters {
  readonly taps: number;
  readonly shape: PanelShape;
}

const packFunction = defineFunction({
  name: "winograd filters pack",
  write: (f, { taps, shape }: Filters, filters, panels) =>
    writePackAll(f, shape, { count: taps * taps, step: shape.terms * shape.columns }, filters, panels),
});
const transformFunction = defineFunction({
  name: "winograd filters",
  write: (f, { taps, shape, use }: Filters & { readonly use: FilterUse }, panels, planes, end) => {
    const length = panelLength(shape.terms, shape.columns, shape.width);
    const tapOf = (row: number, column: number): number => {
      const tap = row * taps + column;
      return use === "backward" ? taps * taps - 1 - tap : tap;
    };
    // Panels are a multiple of eight wide.
    const [lanes] = f.lanesOf(8);
    f.until(panels, end, () => {
      transformSquare(
        f,
        filterTransform,
        taps,
        (row, column) => loadOf(lanes!)(panels, length * tapOf(row, column)),
        (row, column, value) => f.store4(planes, value, length * (EDGE * row + column)),
      );
      f.advance(panels, lanes!);
      f.advance(planes, lanes!);
    });
  },
  work: () => CHUNK * PLANES,
});

/** Prepares the transform of filters, which packs them tap by tap first. */
export function filterTransforms(
  runtime: Runtime,
  { height: { window: taps }, inChannels, outChannels }: ImageGeometry,
  use: FilterUse,
): {
  /** Key of the transformed filters in the cache of prepared weights. */
  readonly key: string;
  /** Numbers of the transformed filters [36][panel][term][column]. */
  readonly length: number;
  /** Numbers of the packed filters. */
  readonly scratch: number;
  readonly run: (filters: Address, packed: Address, to: Address) => void;
} {
  const columns = use === "forward" ? outChannels : inChannels;
  const shape: PanelShape = {
    columns,
    width: panelWidth(runtime.machine, columns),
    ...(use === "forward"
      ? { terms: inChannels, termStep: outChannels, columnStep: 1 }
      : { terms: outChannels, termStep: 1, columnStep: outChannels }),
  };
  const length = panelLength(shape.terms, shape.columns, shape.width);
  const parameters = { taps, shape, use };
  const pack = runtime.compile(packFunction, { taps, shape });
  const transform = runtime.compile(transformFunction, parameters);
  const [chunks, rest] = [Math.floor(length / CHUNK), length % CHUNK];
  return {
    key: keyOf(transformFunction, parameters),
    length: PLANES * length,
    scratch: taps * taps * length,
    run: (filters, packed, to) => {
      pack.call(filters, packed);
      transform.callMany(chunks, strided(packed, CHUNK), strided(to, CHUNK), strided(after(packed, CHUNK), CHUNK));
      const done = chunks * CHUNK;
      if (rest > 0) transform.call(after(packed, done), after(to, done), after(packed, length));
    },
  };
}
