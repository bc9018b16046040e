import type { Conv2dGeometry } from "@convlens/backend";
import { load4 } from "../../../assembler/expression.ts";
import type { Runtime } from "../../../runtime.ts";
import { panelLength, writePackAll, type PanelShape } from "../../product.ts";
import { EDGE, filterTransform, PLANES, transformSquare } from "./transforms.ts";

/** Numbers that a task transforms. */
export const CHUNK = 4096;

/**
 * For the convolution; for that which gives the gradient of its input, and sees filters from behind; or for its adjoint, which
 * gives the same.
 */
export type FilterUse = "forward" | "backward" | "adjoint";

/**
 * Filters made ready: packed in panels tap by tap, then each number's taps transformed.
 *
 * @returns Planes [36][panel][term][8], each so many numbers.
 */
export function filterCode(
  runtime: Runtime,
  { height: { window: taps }, inChannels, outChannels }: Conv2dGeometry,
  use: FilterUse,
): {
  readonly key: string;
  readonly length: number;
  readonly scratch: number;
  readonly run: (filters: number, packed: number, to: number) => void;
} {
  const shape: PanelShape =
    use === "forward"
      ? { terms: inChannels, columns: outChannels, termStep: 4 * outChannels, columnStep: 4 }
      : { terms: outChannels, columns: inChannels, termStep: 4, columnStep: 4 * outChannels };
  const length = panelLength(shape.terms, shape.columns);
  const places = JSON.stringify([taps, shape]);
  const key = `winograd filters ${use} ${places}`;
  const pack = runtime.code(`winograd filters pack ${places}`, ["filters", "panels"], (f, from, to) =>
    writePackAll(f, shape, { count: taps * taps, step: 4 * inChannels * outChannels }, from, to),
  );
  const transform = runtime.code(
    key,
    ["panels", "planes", "end"],
    (f, panels, planes, end) =>
      f.until(panels, end, () => {
        const tap = (row: number, column: number): number => {
          const forward = row * taps + column;
          return use === "backward" ? taps * taps - 1 - forward : forward;
        };
        transformSquare(
          f,
          filterTransform,
          taps,
          (row, column) => load4(panels, 4 * length * tap(row, column)),
          (row, column, value) => f.store4(planes, value, 4 * length * (EDGE * row + column)),
        );
        f.advance(panels, 16);
        f.advance(planes, 16);
      }),
    CHUNK * PLANES,
  );
  return {
    key,
    length: PLANES * length,
    scratch: taps * taps * length,
    run: (filters, packed, to) => {
      pack.call(filters, packed);
      const [chunks, rest] = [Math.floor(length / CHUNK), length % CHUNK];
      const step = 4 * CHUNK;
      transform.callMany(chunks, [packed, step], [to, step], [packed + step, step]);
      if (rest > 0) transform.call(packed + chunks * step, to + chunks * step, packed + 4 * length);
    },
  };
}
