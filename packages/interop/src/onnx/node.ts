import { ValueError, type ErrorDetails } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { checkNumbers, elementType, readNumbers, typeName } from "./elementTypes.ts";
import type { OnnxGraph, OnnxNode, StoredTensor } from "./onnxFile.ts";
import { Constant, knownNumbers, Live, type Layout, type Value } from "./value.ts";

/** What an operator needs that cannot be done here. */
export class Unsupported extends ValueError {
  override readonly name = "ValueError";
}

/** @throws Always, a {@link Unsupported} with the reason and, if there is one, a fix. */
export function refuse(problem: string, parts: Pick<ErrorDetails, "fix"> = {}): never {
  throw new Unsupported({ problem, ...parts });
}

/** The examples of a recording. */
export interface Examples {
  /** Number of examples that the model gets. */
  readonly count: number;
  /** Number that the file was written for; `undefined` if it is free. */
  readonly declared: number | undefined;
}

/** What nodes share while a graph is recorded. */
export interface GraphContext {
  readonly examples: Examples;
  readonly training: boolean;
  /** Numbers of a tensor of the file. */
  readonly constant: (stored: StoredTensor) => Constant;
  /** Records the graph of an attribute, with the values around it; returns its outputs. */
  readonly subgraph: (graph: OnnxGraph) => readonly Value[];
}

/** A node with its inputs, as an operator sees it. */
export class NodeCall {
  readonly node: OnnxNode;
  /** Version of the operator: the newest of those it has been changed in, up to the version that the file names. */
  readonly version: number;
  readonly inputs: readonly (Value | undefined)[];
  readonly context: GraphContext;

  constructor(node: OnnxNode, version: number, inputs: readonly (Value | undefined)[], context: GraphContext) {
    this.node = node;
    this.version = version;
    this.inputs = inputs;
    this.context = context;
  }

  /** An input that must be there. */
  input(index: number): Value {
    return this.inputs[index] ?? refuse(`input ${index} is missing`);
  }

  /** All inputs, none of which may be left out. */
  get all(): readonly Value[] {
    return this.inputs.map((_, index) => this.input(index));
  }

  /** All inputs if they are constants. */
  get constants(): readonly Constant[] | undefined {
    const { inputs } = this;
    return inputs.every((value) => value instanceof Constant) ? inputs : undefined;
  }

  /** The numbers of an input that decides about shapes; `undefined` if it is left out. */
  known(index: number, what: string): readonly number[] | undefined {
    const value = this.inputs[index];
    if (value === undefined) return undefined;
    return (
      knownNumbers(value) ??
      refuse(`${what} is computed from the values of an input, and must be known before`, {
        fix: "export the model with fixed shapes, or cut it before this node with the option outputs",
      })
    );
  }

  /** The only number of an input; `undefined` if it is left out. */
  knownNumber(index: number, what: string): number | undefined {
    return this.known(index, what)?.[0];
  }

  /** Whether somebody may read an output. */
  hasOutput(index: number): boolean {
    return (this.node.outputs[index] ?? "") !== "";
  }

  /** @throws `ValueError` if an output is read that is not computed here. */
  onlyFirstOutput(what: string): void {
    if (this.node.outputs.slice(1).some((name) => name !== "")) refuse(`its outputs ${what} are not supported`);
  }

  #attribute<T>(name: string, isRight: (value: unknown) => value is T, kind: string): T | undefined {
    const value = this.node.attributes.get(name);
    if (value === undefined || isRight(value)) return value;
    return refuse(`the attribute ${name} is not ${kind}`);
  }

  /** A whole number. */
  integer(name: string, otherwise: number): number {
    return this.#attribute(name, isNumber, "a number") ?? otherwise;
  }

  /** A number. */
  float(name: string, otherwise: number): number {
    return this.#attribute(name, isNumber, "a number") ?? otherwise;
  }

  /** A yes or no. */
  flag(name: string, otherwise = false): boolean {
    return this.integer(name, otherwise ? 1 : 0) !== 0;
  }

  /** A text. */
  text(name: string, otherwise: string): string {
    return this.#attribute(name, (value): value is string => typeof value === "string", "a text") ?? otherwise;
  }

  /** A list of numbers; `undefined` if it is left out. */
  numbers(name: string): readonly number[] | undefined {
    return this.#attribute(name, isNumbers, "a list of numbers");
  }

  /** A tensor; `undefined` if it is left out. */
  tensor(name: string): Constant | undefined {
    const stored = this.#attribute(name, isStored, "a tensor");
    return stored === undefined ? undefined : this.context.constant(stored);
  }

  /** A graph. */
  graph(name: string): OnnxGraph {
    return this.#attribute(name, isGraph, "a graph") ?? refuse(`the attribute ${name} is missing`);
  }

  /** Axes by an attribute in old versions, by an input in new ones; negative ones count from the end. */
  axes(rank: number, index: number, name = "axes"): number[] | undefined {
    const axes = this.known(index, "a list of axes") ?? this.numbers(name);
    return axes?.map((axis) => checkedAxis(axis, rank));
  }

  /** One axis by an attribute; negative ones count from the end. */
  axis(rank: number, otherwise: number, name = "axis"): number {
    return checkedAxis(this.integer(name, otherwise), rank);
  }
}

const isNumber = (value: unknown): value is number => typeof value === "number";
/** Whether a value is a list of numbers. */
export const isNumbers = (value: unknown): value is readonly number[] => Array.isArray(value) && value.every(isNumber);
const isStored = (value: unknown): value is StoredTensor =>
  typeof value === "object" && value !== null && "typed" in value;
const isGraph = (value: unknown): value is OnnxGraph => typeof value === "object" && value !== null && "nodes" in value;

function checkedAxis(axis: number, rank: number): number {
  const result = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(result) && result >= 0 && result < Math.max(1, rank)) return result;
  return refuse(`axis ${axis} of a tensor of ${rank} axes`);
}

/** A layer that does exactly what a node does. */
export interface NodeLayer {
  readonly layer: Layer;
  /** Layout in which the layer takes and returns a value of some rank; `undefined` if it does not matter. */
  readonly layout: ((rank: number) => Layout) | undefined;
  /** Variables of the layer by the field that keeps them; they get the numbers of these inputs. */
  readonly fields?: Readonly<Record<string, Parameter>>;
}

/** An input of a node that is a parameter if it is a constant. */
export interface Parameter {
  /** Index of the input. */
  readonly input: number;
  /** Layout in which the variable keeps it. */
  readonly layout: Layout;
  /** Whether it is trained. Default: true. */
  readonly trainable?: boolean;
}

/** What is done for an operator. */
export interface Operator {
  /** Versions of ONNX's set of operators in which it came or changed; the oldest is the first that is read here. */
  readonly since: readonly number[];
  /** Inputs that are parameters, by the name that each gets as a variable. */
  readonly parameters?: (call: NodeCall) => Readonly<Record<string, Parameter>>;
  /** A layer that does the same, if there is one; of the inputs only constants are known yet. */
  readonly layer?: (call: NodeCall) => NodeLayer | undefined;
  /** Records the node. Returns its outputs. */
  readonly record: (call: NodeCall) => Value | readonly (Value | undefined)[];
}

/** A tensor of the file as a constant, without reading its numbers yet. */
export function constantOf(stored: StoredTensor, external: (stored: StoredTensor) => Uint8Array | undefined): Constant {
  const type = elementType(stored.type);
  if (type === undefined)
    return refuse(`"${stored.name}" has elements of ${typeName(stored.type)}, which are not supported`);
  const { name, shape } = stored;
  const bytes = external(stored);
  checkNumbers(stored, type, bytes);
  const read = (): ReturnType<typeof readNumbers> => readNumbers(stored, type, bytes);
  return new Constant(type, shape, read, name === "" ? undefined : name);
}

/** The rank of a constant input; `undefined` where it is computed. */
export const constantRank = (value: Value | undefined): number | undefined =>
  value instanceof Live || value === undefined ? undefined : value.rank;
