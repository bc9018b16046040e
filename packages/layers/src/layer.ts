import { atPath, checkValue, UsageError, type OptionCheck } from "@convlens/backend";
import { areTensors, currentScope, Tensor, Variable, within, type Tensors } from "@convlens/tensor";

/** A layer that calls others, and the paths of its model. */
export interface Caller {
  readonly layer: AnyLayer;
  /** Returns the path of a layer in the model; `undefined` for layers that no path leads to. */
  readonly pathOf: (layer: AnyLayer) => string | undefined;
  /** What stands before the paths in errors; see {@link run}. */
  readonly prefix: string;
}

/** How a model is being called. A layer that calls others passes it on. */
export interface Mode {
  /** Whether the model is training: dropout drops, batch normalisation uses the batch. Default: false. */
  readonly training?: boolean;
  /**
   * Layers whose parameters are all frozen during training. A layer with running statistics asks `mode.frozen?.has(this)`
   * and, if so, uses them and keeps them as they are.
   */
  readonly frozen?: ReadonlySet<AnyLayer>;
  /** Called with the path, output and input of each layer after its call. */
  readonly watch?: (path: string, layer: AnyLayer, output: Tensors, input: Tensors) => void;
  /** The layer that passes the mode on. {@link apply} and {@link run} set it; it is absent in the call of a whole model. */
  readonly caller?: Caller;
}

/**
 * A function of a tensor, or of a tuple or record of tensors, with or without parameters. Any object with a `call` is a layer,
 * and any object with layers or variables in its fields is a model: the fields are walked to find them, and a parameter's path
 * is its name.
 *
 * A layer passes `mode` on to the layers that it calls, so that errors and watchers get their paths.
 *
 * @typeParam Input - What it takes: a tensor, or a tuple or record of tensors.
 * @typeParam Output - What it returns, of the same kinds.
 *
 * @example
 * ```ts
 * class Twice implements Layer {
 *   readonly inner = new Dense({ units: 4 });
 *   call(x: Tensor, mode?: Mode): Tensor {
 *     return this.inner.call(this.inner.call(x, mode), mode);
 *   }
 * }
 * class TwoHeads implements Layer<Tensor, { label: Tensor; box: Tensor }> {
 *   readonly label = new Dense({ units: 10 });
 *   readonly box = new Dense({ units: 4 });
 *   call(x: Tensor, mode?: Mode): { label: Tensor; box: Tensor } {
 *     return { label: this.label.call(x, mode), box: this.box.call(x, mode) };
 *   }
 * }
 * ```
 */
export interface Layer<Input = Tensor, Output = Tensor> {
  /** Records the output of the layer for the input `x`. */
  // A property, as parameters of methods are compared in both directions: a layer of { image, meta } would pass for one of { image }.
  readonly call: (x: Input, mode?: Mode) => Output;
}

/** A layer with any input and output. */
export type AnyLayer = Layer<never, unknown>;
/** The input of a layer. */
export type InputOf<L> = L extends Pick<Layer<infer Input, unknown>, "call"> ? Input : never;
/** The output of a layer. */
export type OutputOf<L> = L extends Pick<Layer<never, infer Output>, "call"> ? Output : never;

/** Whether a value can be called as a layer. */
export const isLayer = (x: unknown): x is AnyLayer =>
  typeof (x as AnyLayer | undefined)?.call === "function" && typeof x === "object";

/** Name of a layer's class. */
export const typeOf = (layer: object): string => layer.constructor?.name || "layer";

/** Path of the layer that is being called, with a dot after it; empty where there is none. */
export function currentPath(): string {
  const name = currentScope()?.path ?? "";
  const end = name.lastIndexOf(" (");
  return end < 0 ? "" : `${name.slice(0, end)}.`;
}

/** Begins the paths of a model. They also find layers that are made while it is called. */
function newPaths(model: AnyLayer): Omit<Caller, "layer"> {
  let paths = new Map<AnyLayer, string>();
  const pathOf = (layer: AnyLayer): string | undefined => {
    if (!paths.has(layer)) paths = new Map(Array.from(layersOf(model), ([path, found]) => [found, path]));
    return paths.get(layer);
  };
  const outer = currentScope()?.path;
  return { pathOf, prefix: outer === undefined ? "" : `${outer} > ` };
}

/**
 * Does the work of a layer within the model that calls it: errors and what is recorded get the layer's path and type,
 * `layers.3 (Conv2d)`, and watchers see its output. The layers of this package use it in `call`; calls from {@link apply}
 * pass through, so that each layer is watched once.
 *
 * In a call without a caller the layer is the model, where the paths begin. They also begin at a layer that no path leads to,
 * such as one in a closure; its name then starts with that of the layer around it: `blocks.1 (Twice) > Dense`.
 */
export function run<Input, Output>(
  layer: Layer<Input, Output>,
  x: Input,
  mode: Mode | undefined,
  work: (mode: Mode) => Output,
): Output {
  const { caller } = mode ?? {};
  if (caller?.layer === layer) return work(mode!);
  const known = caller?.pathOf(layer);
  const path = known ?? "";
  const { pathOf, prefix } = known === undefined ? newPaths(layer) : caller!;
  const name = `${prefix}${path === "" ? typeOf(layer) : `${path} (${typeOf(layer)})`}`;
  let y: Output;
  try {
    y = within({ path: name, direction: "forward" }, () => work({ ...mode, caller: { layer, pathOf, prefix } }));
  } catch (error) {
    throw atPath(error, name);
  }
  mode?.watch?.(path, layer, y as Tensors, x as Tensors);
  return y;
}

/**
 * Calls a layer of any class, also one that does not use {@link run}. For layers that contain others.
 *
 * @throws `UsageError` if the input or the output does not consist of tensors.
 */
export const apply = <Input, Output>(layer: Layer<Input, Output>, x: Input, mode?: Mode): Output =>
  run(layer, x, mode, (inner) => {
    checkTensors("the input of a layer", x, "make one of numbers: tensor(values, shape)");
    const y = layer.call(x, inner);
    checkTensors("the output of a layer", y, "call is not async, and ends in a return");
    return y;
  });

/** Accepts layers. */
export const layerOption: OptionCheck = (value) =>
  isLayer(value) ? undefined : "a layer, an object with a call method such as new ReLU()";

/** @throws `ValueError` if the parts of a container are not layers. */
export function checkLayers(type: string, name: string, layers: readonly unknown[]): void {
  checkValue(type, name, layers, (value) => (Array.isArray(value) ? undefined : "an array of layers"));
  layers.forEach((layer, i) => checkValue(type, `${name}[${i}]`, layer, layerOption));
}

/** @throws `UsageError` if a value does not consist of tensors. */
export function checkTensors(what: string, x: unknown, fix: string, operation?: string): void {
  if (areTensors(x)) return;
  throw new UsageError({ operation, what, expected: "a tensor, or a tuple or record of tensors", got: x, fix });
}

/** The name of an entry of a map: its key if it is a string or a number, else its index. */
const entryName = (key: unknown, index: number): string =>
  typeof key === "string" || typeof key === "number" ? `${key}` : `${index}`;

/**
 * Visits every layer and variable of a model once, with its path, in the order of fields: those of objects, arrays, maps and
 * sets, but not of closures and private fields (`#inner`), which cannot be seen from outside.
 */
function walk(model: object, visit: (path: string, found: AnyLayer | Variable) => void): void {
  const seen = new Set<object>();
  const enter = (value: unknown, path: string): void => {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || seen.has(value)) return;
    seen.add(value);
    if (value instanceof Variable) return visit(path, value);
    // A tensor that a layer keeps is not a part of it, and neither is what it was computed from.
    if (value instanceof Tensor) return;
    if (isLayer(value)) visit(path, value);
    const entries: Iterable<readonly [name: string, inner: unknown]> =
      value instanceof Map
        ? [...(value as ReadonlyMap<unknown, unknown>)].map(([key, inner], i) => [entryName(key, i), inner] as const)
        : Object.entries(value instanceof Set ? [...(value as ReadonlySet<unknown>)] : value);
    for (const [name, inner] of entries) enter(inner, path === "" ? name : `${path}.${name}`);
  };
  enter(model, "");
}

/** Every layer of a model under its path; the model itself under `""`. */
export function layersOf(model: object): Map<string, AnyLayer> {
  const found = new Map<string, AnyLayer>();
  walk(model, (path, x) => {
    if (!(x instanceof Variable)) found.set(path, x);
  });
  return found;
}

/**
 * Every variable of a model under its path, `layers.0.filters`: parameters, and other state such as the running means of
 * batch normalisation. Layers make theirs at their first call; see {@link build}.
 */
export function variables(model: object): Map<string, Variable> {
  const found = new Map<string, Variable>();
  walk(model, (path, x) => {
    if (x instanceof Variable) found.set(path, x);
  });
  return found;
}

/** The trainable variables of a model under their paths. */
export const parameters = (model: object): Map<string, Variable> =>
  new Map([...variables(model)].filter(([, variable]) => variable.trainable));
