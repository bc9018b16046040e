import { atPath, showShape, ValueError } from "@convlens/backend";
import { apply, run, type AnyLayer, type Layer, type Mode } from "@convlens/layers";
import { zeros, type Tensor, type Tensors, type Variable } from "@convlens/tensor";
import { upTo } from "./axes.ts";
import { LayerNames } from "./layerNames.ts";
import {
  constantOf,
  NodeCall,
  type Examples,
  type GraphContext,
  type NodeLayer,
  type Operator,
  type Parameter,
} from "./node.ts";
import type { OnnxFile, OnnxGraph, OnnxNode, StoredTensor } from "./onnxFile.ts";
import { operatorLayer } from "./operatorLayer.ts";
import { operators } from "./operators.ts";
import { describe, sortNodes } from "./sortNodes.ts";
import { Constant, Live, onlyOn, type Value } from "./value.ts";

/** One node, ready to be recorded. */
interface Step {
  readonly node: OnnxNode;
  readonly operator: Operator;
  readonly version: number;
  /** Inputs that are known before recording: constants, and variables of the layer. */
  readonly known: ReadonlyMap<number, Value>;
  /** The layer that records it; none for nodes that compute shapes. */
  readonly layer: Layer<Tensors, Tensors> | undefined;
  /** Where the layer is one of the library: how it takes its input. */
  readonly exact: NodeLayer | undefined;
}

/** A graph whose constants are folded, and whose other nodes are layers. */
export interface ReadGraph {
  readonly steps: readonly Step[];
  readonly constants: ReadonlyMap<string, Constant>;
  /** Layers by name, in the order of the graph. */
  readonly layers: ReadonlyMap<string, AnyLayer>;
  readonly read: GraphReader;
}

/** A value that is not known before the graph is recorded. */
const later = new Live(zeros([]), [], "float32", undefined);

/** Finds the operator of a node. */
export function operatorOf(node: OnnxNode, opset: number): { operator: Operator; version: number } | string {
  const operator = node.domain === "" ? operators[node.operator] : undefined;
  if (operator === undefined)
    return node.domain === "" ? "the operator is not supported" : `the domain "${node.domain}" is not supported`;
  const version = operator.since.findLast((since) => since <= opset);
  return version === undefined
    ? `version ${opset} of the operators is not supported, only from ${operator.since[0]} on`
    : { operator, version };
}

/** Reads graphs of one file. */
export class GraphReader {
  readonly opset: number;
  readonly #external: (stored: StoredTensor) => Uint8Array | undefined;
  readonly #constants = new Map<StoredTensor, Constant>();

  /** @param external - Bytes of a tensor that lies in another file. */
  constructor(file: OnnxFile, external: (stored: StoredTensor) => Uint8Array | undefined) {
    this.opset = file.opsets.get("") ?? 1;
    this.#external = external;
  }

  /** A tensor of the file as a constant, the same one each time. */
  constant(stored: StoredTensor): Constant {
    let constant = this.#constants.get(stored);
    if (constant === undefined) this.#constants.set(stored, (constant = constantOf(stored, this.#external)));
    return constant;
  }

  /**
   * Folds what is known and makes layers of the rest.
   *
   * @param wanted - Names of the values to compute.
   * @param reserved - Names that layers may not have.
   * @param outer - Values of the graph around it.
   */
  read(
    graph: OnnxGraph,
    wanted: readonly string[],
    reserved: readonly string[],
    outer: ReadonlyMap<string, Value> = new Map(),
  ): ReadGraph {
    const constants = new Map<string, Constant>();
    for (const stored of graph.initializers) constants.set(stored.name, this.constant(stored));
    const inputs = new Set(graph.inputs.map(({ name }) => name).filter((name) => !constants.has(name)));
    const nodes = sortNodes(graph.nodes, wanted, {
      has: (name) => constants.has(name) || inputs.has(name) || outer.has(name),
    });
    refuseUnsupported(nodes, this.opset, constants);
    return new StepMaker(this, constants, reserved, outer).make(nodes);
  }
}

/** @throws `ValueError` naming the operators that cannot be read, and where the graph can be cut. */
function refuseUnsupported(nodes: readonly OnnxNode[], opset: number, constants: ReadonlyMap<string, unknown>): void {
  const faults = nodes.flatMap((node) => {
    const found = operatorOf(node, opset);
    return typeof found === "string" ? [{ node, found }] : [];
  });
  const [first] = faults;
  if (first === undefined) return;
  const names = [...new Set(faults.map(({ node }) => node.operator))];
  const before = first.node.inputs.filter((name) => name !== "" && !constants.has(name));
  throw new ValueError({
    operation: "importOnnx",
    problem:
      `${describe(first.node)}: ${first.found}` +
      (names.length > 1 ? ` (in all, the file has ${names.length} such operators: ${names.join(", ")})` : ""),
    fix: `cut the graph before it: importOnnx(bytes, { outputs: ${JSON.stringify(before)} })`,
  });
}

/** Makes the steps of a graph. */
class StepMaker {
  readonly #reader: GraphReader;
  readonly #constants: Map<string, Constant>;
  readonly #outer: ReadonlyMap<string, Value>;
  readonly #names: LayerNames;
  readonly #layers = new Map<string, AnyLayer>();
  readonly #steps: Step[] = [];
  /** Names of values that follow from shapes alone. */
  readonly #ofShapes = new Set<string>();
  /** The operator that computes a value. */
  readonly #makers = new Map<string, string>();

  constructor(
    reader: GraphReader,
    constants: Map<string, Constant>,
    reserved: readonly string[],
    outer: ReadonlyMap<string, Value>,
  ) {
    this.#reader = reader;
    this.#constants = constants;
    this.#outer = outer;
    this.#names = new LayerNames(reserved);
  }

  make(nodes: readonly OnnxNode[]): ReadGraph {
    for (const node of nodes) this.#add(node);
    return { steps: this.#steps, constants: this.#constants, layers: this.#layers, read: this.#reader };
  }

  #add(node: OnnxNode): void {
    const { operator, version } = operatorOf(node, this.#reader.opset) as { operator: Operator; version: number };
    const inputs = node.inputs.map((name) => this.#value(name));
    if (node.operator === "If" && inputs[0] instanceof Constant) return this.#inline(node, inputs[0].numbers[0] !== 0);
    const call = new NodeCall(node, version, inputs, beforeRecording(this.#reader));
    try {
      if (this.#fold(call, operator)) return;
      this.#steps.push(this.#step(call, operator));
    } catch (error) {
      throw atPath(error, describe(node));
    }
    for (const name of node.outputs) this.#makers.set(name, node.operator);
  }

  /** Puts the nodes of the branch that is taken in place of a condition. */
  #inline(node: OnnxNode, condition: boolean): void {
    const branch = node.attributes.get(condition ? "then_branch" : "else_branch");
    if (typeof branch !== "object" || !("nodes" in branch))
      throw new ValueError({ operation: describe(node), problem: "it has no branches" });
    for (const stored of branch.initializers) this.#constants.set(stored.name, this.#reader.constant(stored));
    const wanted = branch.outputs.map(({ name }) => name);
    const own = new Set(branch.nodes.flatMap(({ outputs }) => outputs));
    const nodes = sortNodes(branch.nodes, wanted, { has: (name) => !own.has(name) });
    refuseUnsupported(nodes, this.#reader.opset, this.#constants);
    for (const inner of nodes) this.#add(inner);
    wanted.forEach((name, i) =>
      this.#add({
        name: "",
        operator: "Identity",
        domain: "",
        inputs: [name],
        outputs: [node.outputs[i] ?? ""],
        attributes: new Map(),
      }),
    );
  }

  #value(name: string): Value | undefined {
    if (name === "") return undefined;
    const outer = this.#outer.get(name);
    return this.#constants.get(name) ?? (outer instanceof Constant ? outer : later);
  }

  /** Computes a node whose inputs are all constants. Returns false if its outputs are none. */
  #fold(call: NodeCall, operator: Operator): boolean {
    const { node } = call;
    const hasGraphs = [...node.attributes.values()].some((value) => typeof value === "object" && "nodes" in value);
    if (hasGraphs || call.inputs.some((value) => value === later)) return false;
    const made = operator.record(call);
    const outputs: readonly (Value | undefined)[] = Array.isArray(made) ? made : [made];
    if (!outputs.every((value) => value === undefined || value instanceof Constant)) return false;
    node.outputs.forEach((name, i) => {
      const value = outputs[i];
      if (name !== "" && value !== undefined) this.#constants.set(name, value);
    });
    return true;
  }

  #step(call: NodeCall, operator: Operator): Step {
    const { node, version } = call;
    const known = new Map<number, Value>();
    call.inputs.forEach((value, i) => {
      if (value instanceof Constant) known.set(i, value);
    });
    const read = node.inputs.filter((name) => name !== "" && !this.#constants.has(name));
    const isOfShapes =
      node.operator === "Shape" ||
      node.operator === "Size" ||
      (read.length > 0 && read.every((n) => this.#ofShapes.has(n)));
    if (isOfShapes) {
      for (const name of node.outputs) this.#ofShapes.add(name);
      return { node, operator, version, known, layer: undefined, exact: undefined };
    }
    const exact = operator.layer?.(call);
    const parameters = exact?.fields ?? operator.parameters?.(call) ?? this.#bias(call);
    const { variables, names } = variablesOf(call, parameters, known);
    const name = this.#names.next(node, names);
    const layer =
      exact === undefined
        ? operatorLayer(node.operator, variables, (x, mode) => this.#alone(step, x, mode))
        : (Object.assign(exact.layer, variables) as unknown as Layer<Tensors, Tensors>);
    this.#layers.set(name, layer);
    const step: Step = { node, operator, version, known, layer, exact };
    return step;
  }

  /** What is added to a product is its bias. */
  #bias({ node, inputs }: NodeCall): Readonly<Record<string, Parameter>> {
    if (node.operator !== "Add" || inputs.length !== 2) return {};
    const index = inputs.findIndex((value) => value instanceof Constant && value.rank > 0 && value.name !== undefined);
    const maker = this.#makers.get(node.inputs[1 - index] ?? "");
    const value = inputs[index];
    if (value === undefined || !["Conv", "ConvTranspose", "MatMul"].includes(maker ?? "")) return {};
    return { bias: { input: index, layout: upTo(value.rank) } };
  }

  /** Calls the layer of a node outside of its model: tensors have the file's order of axes. */
  #alone(step: Step, x: Tensors, mode: Mode | undefined): Tensors {
    const given = (x instanceof Object && "shape" in x ? [x] : Object.values(x)) as Tensor[];
    const inputs = step.node.inputs.map((name, i) => {
      const known = step.known.get(i);
      if (known !== undefined || name === "") return known;
      const tensor = given.shift()!;
      return new Live(tensor, upTo(tensor.rank), "float32", 0);
    });
    const context = contextOf(this.#reader, { count: 1, declared: undefined }, mode, () => undefined);
    return tensorsOf(recordOutputs(step, new NodeCall(step.node, step.version, inputs, context)));
  }
}

/** Makes the variables of a layer, and puts them in place of the constants. */
function variablesOf(
  call: NodeCall,
  parameters: Readonly<Record<string, Parameter>>,
  known: Map<number, Value>,
): { variables: Record<string, Variable>; names: string[] } {
  const variables: Record<string, Variable> = {};
  const names: string[] = [];
  for (const [field, { input, layout, trainable }] of Object.entries(parameters)) {
    const value = call.inputs[input];
    if (!(value instanceof Constant)) continue;
    if (value.name !== undefined) names.push(value.name);
    variables[field] = value.variable(layout, trainable);
    known.set(input, new Live(variables[field], layout, value.type, undefined));
  }
  return { variables, names };
}

const beforeRecording = (reader: GraphReader): GraphContext =>
  contextOf(reader, { count: 1, declared: undefined }, undefined, () => undefined);

function contextOf(
  reader: GraphReader,
  examples: Examples,
  mode: Mode | undefined,
  valueOf: (name: string) => Value | undefined,
): GraphContext {
  return {
    examples,
    training: mode?.training ?? false,
    constant: (stored) => reader.constant(stored),
    subgraph: (graph) => {
      const names = graph.outputs.map(({ name }) => name);
      const outer = { has: (name: string) => valueOf(name) !== undefined, get: valueOf } as Map<string, Value>;
      const read = reader.read(graph, names, [], outer);
      return record(read, names, new Map(), examples, mode, valueOf);
    },
  };
}

/** Outputs of a node. */
function recordOutputs(step: Step, call: NodeCall): readonly (Value | undefined)[] {
  const made = step.operator.record(call);
  return Array.isArray(made) ? (made as readonly (Value | undefined)[]) : [made as Value];
}

/** What watchers of a layer see of its outputs. */
function tensorsOf(values: readonly (Value | undefined)[]): Tensors {
  const tensors = values.flatMap((value) => (value === undefined ? [] : [shown(value)]));
  return tensors.length === 1 ? tensors[0]! : tensors;
}

const shown = (value: Value): Tensor => (value instanceof Live ? value.tensor : value.tensor(upTo(value.rank)));

/**
 * Records a graph.
 *
 * @param wanted - Names of the values to return.
 * @param inputs - Values of its inputs.
 */
export function record(
  graph: ReadGraph,
  wanted: readonly string[],
  inputs: ReadonlyMap<string, Value>,
  examples: Examples,
  mode: Mode | undefined,
  outer: (name: string) => Value | undefined = () => undefined,
): Value[] {
  const values = new Map<string, Value>(inputs);
  const valueOf = (name: string): Value | undefined => values.get(name) ?? graph.constants.get(name) ?? outer(name);
  const context = contextOf(graph.read, examples, mode, valueOf);
  for (const step of graph.steps) {
    const { node } = step;
    const given = node.inputs.map((name, i) => (name === "" ? undefined : (step.known.get(i) ?? valueOf(name))));
    try {
      const outputs = recordStep(step, new NodeCall(node, step.version, given, context), mode);
      outputs.forEach(checkSize);
      node.outputs.forEach((name, i) => {
        const value = outputs[i];
        if (name !== "" && value !== undefined) values.set(name, value);
      });
    } catch (error) {
      throw atPath(error, describe(node));
    }
  }
  return wanted.map((name) => {
    const value = valueOf(name);
    if (value === undefined) throw new ValueError({ problem: `the value "${name}" was not computed` });
    return value;
  });
}

/** The most numbers that a computed value may have; 2³⁰ take 4 GiB. */
const MAX_COMPUTED = 2 ** 30;

/** @throws `ValueError` for a value that no memory would hold, before the model is run. */
function checkSize(value: Value | undefined): void {
  if (!(value instanceof Live) || value.tensor.size <= MAX_COMPUTED) return;
  throw new ValueError({
    problem: `a value of shape ${showShape(value.shape)} does not fit into memory`,
    fix: "give smaller inputs, or get the file again if it is damaged",
  });
}

function recordStep(step: Step, call: NodeCall, mode: Mode | undefined): readonly (Value | undefined)[] {
  const { layer, exact } = step;
  if (layer === undefined) return recordOutputs(step, call);
  const [x] = call.inputs;
  if (exact !== undefined && x instanceof Live) {
    const layout = exact.layout?.(x.rank) ?? x.layout;
    if (layout.length === x.rank) {
      const y = apply(layer, x.arranged(layout), mode) as Tensor;
      const batch = exact.layout === undefined ? x.batch : onlyOn(x.batch, (axis) => axis === 0);
      return [new Live(y, y.rank === x.rank ? layout : upTo(y.rank), "float32", batch)];
    }
  }
  const lives = call.inputs.filter((value, i): value is Live => value instanceof Live && !step.known.has(i));
  let outputs: readonly (Value | undefined)[] = [];
  // Without live inputs there is nothing that a watcher could see.
  if (lives.length === 0) return recordOutputs(step, call);
  const seen: Tensors = lives.length === 1 ? lives[0]!.tensor : lives.map(({ tensor }) => tensor);
  run(layer, seen, mode, () => {
    outputs = recordOutputs(step, call);
    return tensorsOf(outputs);
  });
  return outputs;
}
