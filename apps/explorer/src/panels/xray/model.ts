import type { TakeApartAnswer, LayerMaps } from "../../compute/takeApart.ts";
import type { UnitAnswer } from "../../compute/unit.ts";
import { shown } from "../../draw/shown.ts";
import { flag, whole, type StateOf } from "../../fields.ts";
import { inkField } from "../../draw/ink.ts";
import { clamp, greatestOf } from "../../numbers.ts";
import { inWords } from "../../place.ts";

/** Digits of the test set that can be shown. */
const DIGITS = 2000;

/** Fields of the panel's state. */
export const xrayFields = {
  /** The digit of the test set, from 1. */
  digit: whole(18, 1, DIGITS),
  /** A drawing of the reader in place of the digit. */
  ink: inkField(),
  /** Whether a drawing is moved and scaled as the digits of the training set. */
  centre: flag(true),
  /** The selected unit: its layer, its map (or its number, if there are no maps), row and column, from 1. */
  layer: whole(9, 1, 64),
  map: whole(7, 1, 4096),
  row: whole(1, 1, 512),
  column: whole(1, 1, 512),
};
type XrayState = StateOf<typeof xrayFields>;

/** A unit of a net. */
export interface Chosen {
  readonly layer: LayerMaps;
  /** Index of the layer. */
  readonly index: number;
  readonly unit: readonly number[];
}

/** The unit of a state; the nearest one if the net does not have it. */
export function chosenIn(state: XrayState, layers: readonly LayerMaps[]): Chosen {
  const index = clamp(state.layer, 1, layers.length) - 1;
  const layer = layers[index]!;
  const unit = axesOf(layer.shape).map((axis, i) => clamp(state[axis], 1, layer.shape[i]!) - 1);
  return { layer, index, unit };
}

/** The fields with the place of a unit, in a layer of shape `[height, width, channels]` or `[units]`. */
export const axesOf = (shape: readonly number[]): readonly ("row" | "column" | "map")[] =>
  shape.length === 3 ? ["row", "column", "map"] : ["map"];

/** The change of the state that selects a unit. */
export const choosing = (index: number, unit: readonly number[]): Partial<XrayState> => ({
  layer: index + 1,
  ...Object.fromEntries(axesOf(unit).map((axis, i) => [axis, unit[i]! + 1])),
});

/** A layer in words. */
export function titleOf({ type, shape }: LayerMaps): string {
  const words: Record<string, string> = {
    Conv2d: "Convolution",
    ReLU: "ReLU",
    MaxPool2d: "Max pooling",
    AveragePool2d: "Average pooling",
    Dense: "Fully connected",
    Flatten: "Flattened",
  };
  const size = shape.length === 3 ? `${shape[2]} maps of ${shape[0]} × ${shape[1]}` : `${shape[0]} numbers`;
  return `${words[type] ?? type}: ${size}`;
}

/** The place of a unit in words. */
export function unitName(unit: readonly number[]): string {
  const [row, column, map] = unit;
  return row === undefined || column === undefined || map === undefined
    ? `number ${unit.map((at) => at + 1).join(", ")}`
    : `map ${map + 1}, ${inWords({ row, column })}`;
}

/** The class that the net decides for. */
export const classOf = ({ scores }: TakeApartAnswer): number => greatestOf(scores).index;

/** A share that is printed as 0. */
const NEGLIGIBLE = 5e-5;

/** The class that the net decides for, its share, and the second class. */
export function verdictOf({ net, shares }: TakeApartAnswer, pixels: ArrayLike<number>): string {
  if (Array.from(pixels).every((ink) => ink === 0))
    return "The sheet is empty, so the answer of the net depends only on its biases.";
  const order = Array.from(shares, (share, i) => ({ share, name: net.classes[i] })).sort((a, b) => b.share - a.share);
  const [first, second] = order.map(({ share, name }) => `${name} (${shown(100 * share)} %)`);
  const isSure = order.slice(1).every(({ share }) => share < NEGLIGIBLE);
  return `The net reads a ${first}; ${isSure ? "all other classes have about 0 %" : `second is ${second}`}.`;
}

/** One of the numbers that a number is computed from, or that read it. */
export interface Part {
  /** The unit of the other layer; `undefined` for padding. */
  readonly unit: readonly number[] | undefined;
  readonly text: string;
  /** Its contribution. */
  readonly value: number;
  /** Whether it is the largest of a window. */
  readonly isWinner?: boolean;
}

/** Most parts that are shown; the others are summed up. */
const MOST = 9;

/** The largest parts, and the sum of the others. */
export interface Parts {
  readonly parts: readonly Part[];
  readonly others: number;
  readonly othersSum: number;
}

function weightiest(all: readonly Part[], most = MOST): Parts {
  const order = [...all].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const rest = order.slice(most);
  return {
    parts: order.slice(0, most),
    others: rest.length,
    othersSum: rest.reduce((sum, { value }) => sum + value, 0),
  };
}

const factor = (value: number): string => (value < 0 ? `(${figure(value)})` : figure(value));

/** A number with three decimals, or in scientific notation. */
export function figure(value: number): string {
  if (value === 0) return "0";
  const text = Math.abs(value) >= 0.01 && Math.abs(value) < 1000 ? value.toFixed(3) : value.toExponential(1);
  return text.replaceAll("-", "−");
}

function allParts({ trace }: UnitAnswer): Part[] {
  switch (trace.kind) {
    case "products":
      return trace.sums
        .flat()
        .map(({ input, x, w, product }) => ({ unit: input, text: `${factor(x)} · ${factor(w)}`, value: product }));
    case "largest":
      return trace.candidates.map(({ input, x }, i) => {
        const isWinner = i === trace.winner;
        return { unit: input, text: isWinner ? "the largest" : "", value: x, isWinner };
      });
    case "mean":
      return trace.terms.map(({ input, x }) => ({ unit: input, text: `one of ${trace.divisor}`, value: x }));
    case "function":
      return trace.inputs.map(({ input, x }) => ({ unit: input, text: "", value: x }));
  }
}

/** The numbers that a number is computed from. */
export const partsOf = (answer: UnitAnswer): Parts => weightiest(allParts(answer));

/** How many numbers it is computed from. */
export const countOf = (answer: UnitAnswer): number => allParts(answer).length;

/** The computation of the number in one line. */
export function formulaOf(answer: UnitAnswer): string {
  const { trace } = answer;
  const parts = allParts(answer);
  const is = `= ${figure(trace.value)}`;
  switch (trace.kind) {
    case "products": {
      const sum = parts.reduce((total, { value }) => total + value, 0);
      const bias = trace.bias === undefined ? "" : ` + bias ${factor(trace.bias)}`;
      return `${parts.length} ${parts.length === 1 ? "product" : "products"} ${factor(sum)}${bias} ${is}`;
    }
    case "largest":
      return `the largest of ${parts.length} numbers ${is}`;
    case "mean":
      return `the sum of ${parts.length} numbers, divided by ${trace.divisor} ${is}`;
    case "function": {
      const inputs = parts.length === 1 ? parts.map(({ value }) => figure(value)).join() : `${parts.length} numbers`;
      return `${trace.operations.join(", ")} of ${inputs} ${is}`;
    }
  }
}

/** Whether the computation agrees with the output of the layer. */
export function agreementOf({ trace: { value, output } }: UnitAnswer): string {
  return Object.is(value, output)
    ? `The output of the layer is ${figure(output)}: the same number, to the last bit.`
    : `The output of the layer is ${figure(output)}, which differs by ${Math.abs(value - output).toExponential(1)}.`;
}

/** The numbers that read a number, the largest contribution first. */
export const usesOf = ({ uses }: UnitAnswer): Parts =>
  weightiest(
    uses.map(({ unit, derivative, part }) => ({
      unit,
      text: derivative === 1 ? "" : `times ${factor(derivative)}`,
      value: part,
    })),
  );

/** The program that the panel shows. */
export const codeOf = ({ layer, unit }: Chosen): string =>
  [
    `const { layers, output } = await tap(model)(image); // image: [1, 28, 28, 1]`,
    `const { values } = layers.get("${layer.name}"); // [1, ${layer.shape.join(", ")}]`,
    `const number = await trace(model, image, "${layer.name}", [${unit.join(", ")}]);`,
    `const { box } = inputsSeen(model, [28, 28, 1], "${layer.name}", [${unit.join(", ")}]);`,
  ].join("\n");
