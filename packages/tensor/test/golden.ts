import type { Backend, Shape } from "@convlens/backend";
import { beforeAll, describe, expect, it } from "vitest";
import grid from "../../../tools/golden/grid.json" with { type: "json" };
import * as t from "../src/index.ts";
import type { Tensor } from "../src/index.ts";

interface Coded {
  readonly shape: Shape;
  /** Multiples of 1/64 in 16 bits, or float64, in base64. */
  readonly i?: string;
  readonly f?: string;
}
interface Case {
  readonly kind: string;
  readonly options: never;
  readonly inputs: Readonly<Record<string, Coded>>;
  readonly dy: Coded;
  readonly y: Coded;
  readonly gradients: Readonly<Record<string, Coded>>;
}

const cases = grid.cases as unknown as readonly Case[];

function decode({ i, f }: Coded): Float64Array {
  const { buffer } = Uint8Array.from(atob((i ?? f)!), (byte) => byte.charCodeAt(0));
  return i === undefined ? new Float64Array(buffer) : Float64Array.from(new Int16Array(buffer), (k) => k / 64);
}

/** Calls of each kind of operation. */
const calls: Readonly<Record<string, (x: Readonly<Record<string, Tensor>>, options: never) => Tensor>> = {
  conv1d: ({ x, filters }, options) => t.conv1d(x!, filters!, options),
  conv2d: ({ x, filters }, options) => t.conv2d(x!, filters!, options),
  conv3d: ({ x, filters }, options) => t.conv3d(x!, filters!, options),
  maxPool3d: ({ x }, options) => t.maxPool3d(x!, options),
  averagePool3d: ({ x }, options) => t.averagePool3d(x!, options),
  convTranspose1d: ({ x, filters }, options) => t.convTranspose1d(x!, filters!, options),
  convTranspose2d: ({ x, filters }, options) => t.convTranspose2d(x!, filters!, options),
  maxPool1d: ({ x }, options) => t.maxPool1d(x!, options),
  maxPool2d: ({ x }, options) => t.maxPool2d(x!, options),
  averagePool1d: ({ x }, options) => t.averagePool1d(x!, options),
  averagePool2d: ({ x }, options) => t.averagePool2d(x!, options),
  lpPool1d: ({ x }, options) => t.lpPool1d(x!, options),
  lpPool2d: ({ x }, options) => t.lpPool2d(x!, options),
  batchNorm: ({ x, ...rest }, options) => t.batchNorm(x!, { ...rest, ...(options as object) }),
  batchNormInference: ({ x, ...rest }, options) => t.batchNorm(x!, { ...rest, ...(options as object) }),
  layerNorm: ({ x, ...rest }, options) => t.layerNorm(x!, { ...rest, ...(options as object) }),
  groupNorm: ({ x, ...rest }, options) => t.groupNorm(x!, { ...rest, ...(options as { groups: number }) }),
  localResponseNorm: ({ x }, options) => t.localResponseNorm(x!, options),
  pad: ({ x }, { amounts, options }: { readonly amounts: [number, number][]; readonly options: t.PadOptions }) =>
    t.pad(x!, amounts, options),
  resize: ({ x }, options) => t.resize(x!, options),
  tile: ({ x }, { repeats }: { readonly repeats: number[] }) => t.tile(x!, repeats),
  cumsum: ({ x }, { axis }: { readonly axis: number }) => t.cumsum(x!, axis),
};

/** Largest difference, relative for numbers above 1. */
function distance(got: ArrayLike<number>, want: Float64Array): number {
  expect(got.length).toBe(want.length);
  return want.reduce((worst, x, i) => Math.max(worst, Math.abs(got[i]! - x) / (1 + Math.abs(x))), 0);
}

/**
 * Compares a backend with the values of PyTorch that tools/golden/grid.py has made, forward and every gradient.
 *
 * @param tolerance - Largest allowed difference, relative for numbers above 1.
 */
export function golden(name: string, make: () => Backend | Promise<Backend>, tolerance: number): void {
  describe(`${name} agrees with PyTorch, forward and every gradient`, () => {
    beforeAll(async () => t.useBackend(await make()));
    const kinds = [...new Set(cases.map(({ kind }) => kind))];

    it("has at least 300 geometries, of every kind", () => {
      expect(cases.length).toBeGreaterThanOrEqual(300);
      expect(kinds.sort()).toEqual(Object.keys(calls).sort());
    });

    it.each(kinds)("%s", async (kind) => {
      for (const each of cases.filter((other) => other.kind === kind)) {
        const inputs = Object.fromEntries(
          Object.entries(each.inputs).map(([name, coded]) => [name, t.tensor(decode(coded), coded.shape)]),
        );
        const y = calls[kind]!(inputs, each.options);
        const told = `${kind} ${JSON.stringify(each.options)} of ${Object.values(inputs).map(({ shape }) => `[${shape}]`)}`;
        expect(y.shape, told).toEqual(each.y.shape);
        const names = Object.keys(each.gradients);
        const gradients = t.gradients(
          y,
          names.map((name) => inputs[name]!),
          { seed: t.tensor(decode(each.dy), each.dy.shape) },
        );
        const [forward, ...backward] = await t.evaluate(y, ...gradients);
        expect(distance(forward, decode(each.y)), `${told}: forward`).toBeLessThan(tolerance);
        names.forEach((name, i) =>
          expect(distance(backward[i]!, decode(each.gradients[name]!)), `${told}: gradient of ${name}`).toBeLessThan(
            tolerance,
          ),
        );
      }
    });
  });
}
