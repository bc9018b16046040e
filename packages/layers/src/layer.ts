import { atPath, UsageError, ValueError } from "@convlens/backend";
import { Tensor, Variable, within } from "@convlens/tensor";

/** How a model is being used. Layers that contain others pass it on. */
export interface Mode {
  /** Whether it is learning: dropout drops, batch normalisation looks at the batch. Default: false. */
  readonly training?: boolean;
  /**
   * Layers whose parameters are all frozen while the model is learning. They keep their running statistics, and use them:
   * a layer that has any asks `mode.frozen?.has(this)`.
   */
  readonly frozen?: ReadonlySet<Layer>;
  /** Sees what each layer makes and what it makes it of, with the layer's path in its model. */
  readonly watch?: (path: string, layer: Layer, output: Tensor, input: Tensor) => void;
}

/**
 * A function of a tensor, with or without parameters. Any object with a `call` is a layer, and any object with layers or
 * variables in its fields is a model: the fields are walked to find them, and a parameter's path is its name.
 *
 * @example
 * ```ts
 * class Twice implements Layer {
 *   readonly inner = new Dense({ units: 4 });
 *   call(x: Tensor, mode?: Mode): Tensor {
 *     return this.inner.call(this.inner.call(x, mode), mode);
 *   }
 * }
 * ```
 */
export interface Layer {
  /** Records what the layer makes of `x`. */
  call(x: Tensor, mode?: Mode): Tensor;
}

/** Whether something can be called as a layer. */
export const isLayer = (x: unknown): x is Layer =>
  typeof (x as Layer | undefined)?.call === "function" && typeof x === "object";

/** Where each layer stands in the model that was named last. */
const paths = /* @__PURE__ */ new WeakMap<Layer, string>();

/** The class of a layer. */
export const typeOf = (layer: Layer): string => layer.constructor?.name || "layer";

/** A layer's path and type: `layers.3 (Conv2d)`. */
export function describeLayer(layer: Layer): string {
  const path = paths.get(layer) ?? "";
  return path === "" ? typeOf(layer) : `${path} (${typeOf(layer)})`;
}

/** The layer that is being called, if it is named or not. */
let running: Layer | undefined;

/** Path of the layer that is being called, with a dot behind it; empty where there is none. */
export function currentPath(): string {
  const path = running === undefined ? undefined : paths.get(running);
  return path ? `${path}.` : "";
}

/** What every layer of this package does around its own work: errors and what it records get its path, and who watches sees its output. */
export function run(layer: Layer, x: Tensor, mode: Mode | undefined, work: () => Tensor): Tensor {
  let y: Tensor;
  const outer = running;
  running = layer;
  try {
    y = within({ path: describeLayer(layer), direction: "forward" }, work);
  } catch (error) {
    throw atPath(error, describeLayer(layer));
  } finally {
    running = outer;
  }
  mode?.watch?.(paths.get(layer) ?? "", layer, y, x);
  return y;
}

/**
 * Calls a layer of any making: one that knows nothing of paths and watching gets both here. For layers that contain others.
 *
 * @throws `UsageError` if it makes anything but a tensor.
 */
export function apply(layer: Layer, x: Tensor, mode?: Mode): Tensor {
  const call = (inner: Mode | undefined): Tensor =>
    run(layer, x, undefined, () => {
      if (!(x instanceof Tensor))
        throw notTensor("the input of a layer", x, "make one of numbers: tensor(values, shape)");
      const y: unknown = layer.call(x, inner);
      if (y instanceof Tensor) return y;
      throw notTensor(
        "what call returns",
        y,
        "a layer records and need not wait: call is not async, and ends in a return",
      );
    });
  const watch = mode?.watch;
  if (watch === undefined) return call(mode);
  let told = false;
  const y = call({
    ...mode,
    watch: (path, watched, output, input) => {
      told ||= watched === layer;
      watch(path, watched, output, input);
    },
  });
  if (!told) watch(paths.get(layer) ?? "", layer, y, x);
  return y;
}

/** What something is, for a message. */
function kindOf(x: unknown): string {
  if (typeof x === "function") return x.name === "" ? "a function" : `the function ${x.name}`;
  return typeof x === "object" && x !== null ? typeOf(x as Layer) : `${x as string}`;
}

/** Refuses what cannot be called as a layer, when layers are put together. */
export function checkLayers(type: string, layers: unknown): readonly Layer[] {
  const bad = Array.isArray(layers) ? layers.findIndex((layer) => !isLayer(layer)) : -1;
  if (Array.isArray(layers) && bad < 0) return layers as readonly Layer[];
  const got: unknown = bad < 0 ? layers : (layers as unknown[])[bad];
  const expected = bad < 0 ? "an array of layers" : `layer ${bad} to be an object with a call method`;
  throw new ValueError(`${type}: expected ${expected}, such as new Relu(), got ${kindOf(got)}`, {
    operation: type,
    expected,
    got,
  });
}

/** The error for something that cannot be called as a layer. */
export function notLayer(operation: string, got: unknown): ValueError {
  const expected = "a model: an object with a call method, such as sequential([…])";
  return new ValueError(`${operation}: expected ${expected}, got ${kindOf(got)}`, { operation, expected, got });
}

/** The error for something that is not a tensor. */
export function notTensor(what: string, got: unknown, fix: string): UsageError {
  return new UsageError(`expected ${what} to be a Tensor, got ${kindOf(got)}; ${fix}`, {
    expected: "a Tensor",
    got,
    fix,
  });
}

/** The name of an entry of a map: its key, or its place where that is no text or number. */
const entryName = (key: unknown, place: number): string =>
  typeof key === "string" || typeof key === "number" ? `${key}` : `${place}`;

/**
 * Visits every layer and variable of a model once, with its path, in the order of fields: those of objects, arrays, maps and
 * sets, but not of closures and private fields (`#inner`), which cannot be seen from outside.
 */
export function walk(model: object, visit: (path: string, found: Layer | Variable) => void): void {
  const seen = new Set<object>();
  const enter = (value: unknown, path: string): void => {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || seen.has(value)) return;
    seen.add(value);
    if (value instanceof Variable) return visit(path, value);
    // A tensor that a layer keeps is no part of it, nor is what that was computed from.
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
export function layersOf(model: object): Map<string, Layer> {
  const found = new Map<string, Layer>();
  walk(model, (path, x) => {
    if (!(x instanceof Variable)) found.set(path, x);
  });
  return found;
}

/**
 * Every variable of a model under its path, `layers.0.filters`: parameters, and what is kept beside them, such as the running
 * means of batch normalisation. Layers make theirs at their first call; see {@link build}.
 */
export function variables(model: object): Map<string, Variable> {
  const found = new Map<string, Variable>();
  walk(model, (path, x) => {
    if (x instanceof Variable) found.set(path, x);
  });
  return found;
}

/** The variables that are learned. */
export const parameters = (model: object): Map<string, Variable> =>
  new Map([...variables(model)].filter(([, variable]) => variable.trainable));

/** Tells every layer and variable of a model its path, for messages and for those who watch. */
export function namePaths(model: object): void {
  walk(model, (path, x) => {
    if (x instanceof Variable) x.name = path;
    else paths.set(x, path);
  });
}
