import type { TakeApartAnswer, LayerMaps } from "../../compute/takeApart.ts";
import type { UnitAnswer } from "../../compute/unit.ts";
import { shown } from "../../draw/shown.ts";
import { flag, whole, type StateOf } from "../../fields.ts";
import { inkField } from "../../draw/ink.ts";

/** Digits that can be shown. */
const DIGITS = 2000;

/** What the panel's state is made of. */
export const xrayFields = {
  /** Which of the digits that the net has not seen. */
  digit: whole(18, 1, DIGITS),
  /** The reader's own drawing, where there is one. */
  ink: inkField(),
  /** Whether a drawing is moved to where digits lie in what the net has learned from. */
  centre: flag(true),
  /** The unit that is looked at: its layer, its map (or its number, where there are no maps), row and column, from 1. */
  layer: whole(9, 1, 64),
  map: whole(7, 1, 4096),
  row: whole(1, 1, 512),
  column: whole(1, 1, 512),
};
/** The panel's state. */
export type XrayState = StateOf<typeof xrayFields>;

/** A unit of a net that is known. */
export interface Chosen {
  readonly layer: LayerMaps;
  /** Its place among the layers. */
  readonly index: number;
  readonly unit: readonly number[];
}

const within = (value: number, size: number): number => Math.max(1, Math.min(size, value)) - 1;

/** The unit that a state means: the nearest that there is in this net. */
export function chosenIn(state: XrayState, layers: readonly LayerMaps[]): Chosen {
  const index = within(state.layer, layers.length);
  const layer = layers[index]!;
  const { shape } = layer;
  const unit =
    shape.length === 3
      ? [within(state.row, shape[0]!), within(state.column, shape[1]!), within(state.map, shape[2]!)]
      : [within(state.map, shape[0]!)];
  return { layer, index, unit };
}

/** The change of the state that chooses a unit. */
export const choosing = (index: number, unit: readonly number[]): Partial<XrayState> =>
  unit.length === 3
    ? { layer: index + 1, row: unit[0]! + 1, column: unit[1]! + 1, map: unit[2]! + 1 }
    : { layer: index + 1, map: unit[0]! + 1 };

/** What a layer is called by people. */
export function titleOf({ type, shape }: LayerMaps): string {
  const words: Record<string, string> = {
    Conv2d: "Convolution",
    Relu: "ReLU",
    MaxPool2d: "Max pooling",
    AveragePool2d: "Average pooling",
    Dense: "Fully connected",
    Flatten: "Flattened",
  };
  const size = shape.length === 3 ? `${shape[2]} maps of ${shape[0]} × ${shape[1]}` : `${shape[0]} numbers`;
  return `${words[type] ?? type}: ${size}`;
}

/** Where a unit stands, in words. */
export const unitName = (unit: readonly number[]): string =>
  unit.length === 3
    ? `map ${unit[2]! + 1}, row ${unit[0]! + 1}, column ${unit[1]! + 1}`
    : `number ${unit.map((at) => at + 1).join(", ")}`;

/** A share that rounds to nothing. */
const NEGLIGIBLE = 5e-5;

/** The class that the net decides for, how sure it is, and what comes second. */
export function verdictOf({ net, shares }: TakeApartAnswer, pixels: ArrayLike<number>): string {
  if (Array.from(pixels).every((ink) => ink === 0))
    return "The sheet is empty. The net must choose even so, and all that is left to it are its biases.";
  const order = [...shares.keys()].sort((a, b) => shares[b]! - shares[a]!);
  const [first, second] = order as [number, number];
  const percent = (share: number): string => `${shown(100 * share)} %`;
  const next =
    shares[second]! < NEGLIGIBLE
      ? "nothing else comes near"
      : `next comes ${net.classes[second]} (${percent(shares[second]!)})`;
  return `The net reads a ${net.classes[first]} (${percent(shares[first]!)}); ${next}.`;
}

/** One row of what a number is made of, or of where it goes. */
export interface Part {
  /** The unit of the other layer; `undefined` for a zero of the padding. */
  readonly unit: readonly number[] | undefined;
  readonly text: string;
  /** How much it is. */
  readonly value: number;
  /** Of the winner of a maximum. */
  readonly isWinner?: boolean;
}

/** Rows that are shown; what else there is is summed up. */
const MOST = 9;

/** The weightiest parts, and what the others are together. */
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

/** A number with as many places as tell it apart from its neighbours. */
export function figure(value: number): string {
  if (value === 0) return "0";
  const text = Math.abs(value) >= 0.01 && Math.abs(value) < 1000 ? value.toFixed(3) : value.toExponential(1);
  return text.replaceAll("-", "−");
}

/** What a number is made of. */
export function partsOf({ trace }: UnitAnswer): Parts {
  switch (trace.kind) {
    case "products":
      return weightiest(
        trace.sums.flat().map(({ input, x, w, product }) => ({
          unit: input,
          text: `${factor(x)} · ${factor(w)}`,
          value: product,
        })),
      );
    case "largest":
      return weightiest(
        trace.candidates.map(({ input, x }, i) => ({
          unit: input,
          text: i === trace.winner ? "the largest" : "",
          value: x,
          isWinner: i === trace.winner,
        })),
      );
    case "mean":
      return weightiest(
        trace.terms.map(({ input, x }) => ({ unit: input, text: `one of ${trace.divisor}`, value: x })),
      );
    case "function":
      return weightiest(trace.inputs.map(({ input, x }) => ({ unit: input, text: "", value: x })));
  }
}

/** How many numbers it is made of. */
export function countOf({ trace }: UnitAnswer): number {
  switch (trace.kind) {
    case "products":
      return trace.sums.flat().length;
    case "largest":
      return trace.candidates.length;
    case "mean":
      return trace.terms.length;
    case "function":
      return trace.inputs.length;
  }
}

/** The sum that the number is, as one line: what is written there adds up to it. */
export function formulaOf(answer: UnitAnswer): string {
  const { trace } = answer;
  const is = `= ${figure(trace.value)}`;
  switch (trace.kind) {
    case "products": {
      const sum = trace.sums.flat().reduce((total, { product }) => total + product, 0);
      const bias = trace.bias === undefined ? "" : ` + bias ${factor(trace.bias)}`;
      return `${countOf(answer)} ${countOf(answer) === 1 ? "product" : "products"} ${factor(sum)}${bias} ${is}`;
    }
    case "largest":
      return `the largest of ${trace.candidates.length} numbers ${is}`;
    case "mean":
      return `the sum of ${trace.terms.length} numbers, divided by ${trace.divisor} ${is}`;
    case "function":
      return `${trace.operations.join(", ")} of ${trace.inputs.length === 1 ? figure(trace.inputs[0]!.x) : `${trace.inputs.length} numbers`} ${is}`;
  }
}

/** Whether that is what the layer has put out, and how near. */
export function agreementOf({ trace: { value, output } }: UnitAnswer): string {
  return Object.is(value, output)
    ? `The layer has put out ${figure(output)}: the same number, to the last bit.`
    : `The layer has put out ${figure(output)}, which is ${Math.abs(value - output).toExponential(1)} away.`;
}

/** Where a number goes, the weightiest first. */
export const usesOf = ({ uses }: UnitAnswer): Parts =>
  weightiest(
    uses.map(({ unit, derivative, part }) => ({
      unit,
      text: derivative === 1 ? "" : `times ${factor(derivative)}`,
      value: part,
    })),
  );

/** The same as the lines of a program. */
export const codeOf = ({ layer, unit }: Chosen): string =>
  [
    `const { layers, output } = await tap(model)(image); // image: [1, 28, 28, 1]`,
    `const { values } = layers.get("${layer.name}"); // [1, ${layer.shape.join(", ")}]`,
    `const number = await trace(model, image, "${layer.name}", [${unit.join(", ")}]);`,
    `const { box } = inputsSeen(model, [28, 28, 1], "${layer.name}", [${unit.join(", ")}]);`,
  ].join("\n");
