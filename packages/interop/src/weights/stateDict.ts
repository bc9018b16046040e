import {
  booleanOption,
  checkOptions,
  checkValue,
  oneOf,
  sameShape,
  showShape,
  sizeOf,
  UsageError,
  ValueError,
  type OptionCheck,
} from "@convlens/backend";
import { recordedShapes, variables, weightsOf, type AnyLayer, type StoredTensor } from "@convlens/layers";
import { areShapes, isShape, mapTree, type Shapes, type Variable } from "@convlens/tensor";
import { arrangementOf, toOurs, toTheirs, type Arrangement } from "./arrange.ts";
import { conventions, type Convention, type WeightSource } from "./conventions.ts";
import { flattenedChannels } from "./flattened.ts";

/** Options of {@link loadStateDict}. */
export interface LoadStateDictOptions {
  /** The library that the weights are of. */
  readonly from: WeightSource;
  /**
   * Replacements in the names of their layers, such as `[/^layer1/, "layers.4"]`. A layer whose name is then that of a layer here is
   * matched by it; the others are matched by order and shape.
   */
  readonly rules?: readonly (readonly [pattern: RegExp | string, replacement: string])[];
  /**
   * Shape of one example. From what the model records for it follows which dense layers have flattened maps before them, whose
   * order differs in PyTorch. Default: the shape that the model was built for, or has computed.
   */
  readonly input?: Shapes;
  /** Whether to load what fits, and return the rest, in place of an error. Default: false. */
  readonly partial?: boolean;
  /** Whether only to find out what would be loaded. Default: false. */
  readonly dryRun?: boolean;
}

/** A tensor that was loaded. */
export interface LoadedTensor {
  /** Path of the variable. */
  readonly path: string;
  /** Name of the tensor. */
  readonly name: string;
  /** What was done with its order. */
  readonly how: "as it is" | "transposed" | "transposed, and its inputs from channels first to channels last";
}

/** What {@link loadStateDict} did. */
export interface LoadedStateDict {
  readonly matched: readonly LoadedTensor[];
  /** Paths of variables without a tensor. */
  readonly missing: readonly string[];
  /** Names of tensors without a variable. */
  readonly unused: readonly string[];
}

const libraryOption: OptionCheck = /* @__PURE__ */ oneOf("pytorch", "keras", "flax");
const rulesOption: OptionCheck = (value) =>
  Array.isArray(value) && value.every((rule) => Array.isArray(rule) && rule.length === 2)
    ? undefined
    : "an array of [pattern, replacement]";
const inputOption: OptionCheck = (value) =>
  areShapes(value) ? undefined : "the shape of an example, or a tuple or record of shapes";

/** The variables of a layer here, or the tensors of one there, by field or name. */
interface Group<T> {
  readonly layer: string;
  readonly parts: ReadonlyMap<string, T>;
}

function groupsOf<T>(
  entries: Iterable<readonly [string, T]>,
  split: (name: string) => readonly [string, string],
): Group<[string, T]>[] {
  const groups = new Map<string, Map<string, [string, T]>>();
  for (const [name, value] of entries) {
    const [layer, part] = split(name);
    const parts = groups.get(layer) ?? new Map<string, [string, T]>();
    groups.set(layer, parts);
    parts.set(part, [name, value]);
  }
  return Array.from(groups, ([layer, parts]) => ({ layer, parts }));
}

const splitPath = (path: string): readonly [string, string] => {
  const at = path.lastIndexOf(".");
  return at < 0 ? ["", path] : [path.slice(0, at), path.slice(at + 1)];
};

/** Numbers in names by their value: "layers.2" before "layers.10". */
const natural = new Intl.Collator("en", { numeric: true });

/**
 * Files are often sorted by name, which loses the order of the layers; then numbers in names are sorted by their value. Any other
 * order is that in which the layers were made.
 */
function inOrder<T>(groups: readonly Group<T>[]): readonly Group<T>[] {
  const isSorted = groups.every(({ layer }, i) => i === 0 || groups[i - 1]!.layer <= layer);
  return isSorted ? groups.toSorted((a, b) => natural.compare(a.layer, b.layer)) : groups;
}

/**
 * Loads weights of another library into a model: a state dict of PyTorch, or weights of Keras or Flax. Layers are matched by name
 * where `rules` lead to a name here, and otherwise by order and shape. Filters and dense weights are transposed as needed, and
 * where maps are flattened before a dense layer its inputs are put in the order of channels last.
 *
 * @param tensors - By name, as `readSafetensors(file).tensors` has them.
 * @throws `ValueError` if a variable has no tensor, or a tensor no variable, unless `partial` or `dryRun` is set; then nothing is
 *   loaded. `UsageError` for a model that has not been built.
 *
 * @example
 * ```ts
 * const net = build(sequential([new Conv2d({ filters: 4, kernelSize: 3 }), new Flatten(), new Dense({ units: 2 })]), [8, 8, 1]);
 * const file = writeSafetensors(await saveStateDict(net, { to: "pytorch" }));
 * const { matched } = loadStateDict(net, readSafetensors(file).tensors, { from: "pytorch" });
 * matched[0]; // { path: "layers.0.filters", name: "layers.0.weight", how: "transposed" }
 * ```
 */
export function loadStateDict(
  model: AnyLayer,
  tensors: ReadonlyMap<string, StoredTensor> | Readonly<Record<string, StoredTensor>>,
  options: LoadStateDictOptions,
): LoadedStateDict {
  checkOptions("loadStateDict", options, {
    from: libraryOption,
    rules: rulesOption,
    input: inputOption,
    partial: booleanOption,
    dryRun: booleanOption,
  });
  checkValue("loadStateDict", "from", options.from, libraryOption);
  const { from, rules = [], input, partial = false, dryRun = false } = options;
  const convention = conventions[from];
  const own = ownVariables("loadStateDict", model);
  const entries =
    tensors instanceof Map ? [...(tensors as ReadonlyMap<string, StoredTensor>)] : Object.entries(tensors);
  const relevant = entries.filter(([name]) => !convention.ignored.includes(convention.split(name)[1]));
  const channels = channelsFor(model, own, convention, input);
  const theirs = inOrder(groupsOf<StoredTensor>(relevant, convention.split));
  const ours = groupsOf<Variable>(own, splitPath);
  const pairs = matchGroups(ours, theirs, rules, convention, channels);
  const loads = pairs.flatMap(([a, b]) => loadsOf(a, b, convention, channels)!);
  const matched = loads.map(({ path, name, how }) => ({ path, name, how }));
  const [paths, names] = [new Set(matched.map(({ path }) => path)), new Set(matched.map(({ name }) => name))];
  const missing = [...own.keys()].filter((path) => !paths.has(path));
  const unused = relevant.map(([name]) => name).filter((name) => !names.has(name));
  if (!dryRun && !partial && missing.length + unused.length > 0)
    throw doesNotFit(missing, unused, own, new Map(relevant));
  if (!dryRun)
    for (const { variable, arrangement, tensor } of loads) variable.write(toOurs(arrangement, tensor.values));
  return { matched, missing, unused };
}

function ownVariables(operation: string, model: object): ReadonlyMap<string, Variable> {
  const own = variables(model);
  if (own.size > 0) return own;
  throw new UsageError({
    operation,
    problem: "the model has no variables yet",
    fix: "build it first: build(model, shape)",
  });
}

/** Channels of flattened maps by the path of the dense weights after them. */
function channelsFor(
  model: AnyLayer,
  own: ReadonlyMap<string, Variable>,
  { outputsFirst }: Convention,
  input: Shapes | undefined,
): ReadonlyMap<string, number> {
  if (!outputsFirst) return new Map();
  const shapes = input === undefined ? recordedShapes(model) : withBatch(input);
  if (shapes !== undefined) return flattenedChannels(model, shapes);
  const hasDense = [...own.keys()].some((path) => path.endsWith("weights"));
  if (!hasDense) return new Map();
  throw new UsageError({
    operation: "loadStateDict",
    problem: "the model was not built for a shape yet, and PyTorch flattens maps in another order",
    fix: "give the shape of one example with the option input, such as input: [28, 28, 1], or build the model for it",
  });
}

/** Shapes of a batch of one. */
const withBatch = (shapes: Shapes): Shapes =>
  mapTree(shapes, isShape, (shape: readonly number[]) => [1, ...shape]) as Shapes;

type Parts<T> = Group<[string, T]>;

/** Pairs of layers here and there: by name after the rules, then by order and shape. */
function matchGroups(
  ours: readonly Parts<Variable>[],
  theirs: readonly Parts<StoredTensor>[],
  rules: NonNullable<LoadStateDictOptions["rules"]>,
  convention: Convention,
  channels: ReadonlyMap<string, number>,
): [Parts<Variable>, Parts<StoredTensor>][] {
  const renamed = (layer: string): string => rules.reduce((name, [pattern, to]) => name.replace(pattern, to), layer);
  const rest = new Set(theirs);
  const partners = new Map<Parts<Variable>, Parts<StoredTensor>>();
  const take = (a: Parts<Variable>, b: Parts<StoredTensor> | undefined): void => {
    if (b === undefined) return;
    partners.set(a, b);
    rest.delete(b);
  };
  const fits = (a: Parts<Variable>, b: Parts<StoredTensor>): boolean =>
    loadsOf(a, b, convention, channels) !== undefined;
  for (const a of ours)
    take(
      a,
      [...rest].find((b) => renamed(b.layer) === a.layer && fits(a, b)),
    );
  for (const a of ours)
    if (!partners.has(a))
      take(
        a,
        [...rest].find((b) => fits(a, b)),
      );
  return ours.flatMap((a) => {
    const b = partners.get(a);
    return b === undefined ? [] : [[a, b] as [Parts<Variable>, Parts<StoredTensor>]];
  });
}

/** A tensor and the variable that takes its numbers. */
interface Load extends LoadedTensor {
  readonly variable: Variable;
  readonly tensor: StoredTensor;
  readonly arrangement: Arrangement;
}

/** What is loaded for a layer; `undefined` if the tensors are not those of such a layer. */
function loadsOf(
  ours: Parts<Variable>,
  theirs: Parts<StoredTensor>,
  { names, outputsFirst }: Convention,
  channels: ReadonlyMap<string, number>,
): Load[] | undefined {
  if (ours.parts.size !== theirs.parts.size) return undefined;
  const loads: Load[] = [];
  for (const [field, [path, variable]] of ours.parts) {
    const part = (names[field] ?? [field]).map((name) => theirs.parts.get(name)).find((each) => each !== undefined);
    if (part === undefined) return undefined;
    const [name, tensor] = part;
    const arrangement = arrangementOf(field, variable.shape, outputsFirst, channels.get(path));
    // Keras keeps depthwise filters as [height, width, channels, multiplier].
    const isSameSize = name.includes("depthwise") && sizeOf(tensor.shape) === variable.size;
    if (!isSameSize && !sameShape(tensor.shape, arrangement.theirs)) return undefined;
    loads.push({ path, name, how: howOf(arrangement), variable, tensor, arrangement });
  }
  return loads;
}

const howOf = ({ wide, theirs, order }: Arrangement): LoadedTensor["how"] =>
  wide.length > theirs.length
    ? "transposed, and its inputs from channels first to channels last"
    : order.every((axis, i) => axis === i)
      ? "as it is"
      : "transposed";

function doesNotFit(
  missing: readonly string[],
  unused: readonly string[],
  own: ReadonlyMap<string, Variable>,
  theirs: ReadonlyMap<string, StoredTensor>,
): ValueError {
  const list = (names: readonly string[], shapeOf: (name: string) => readonly number[]): string =>
    names
      .slice(0, 3)
      .map((name) => `"${name}" ${showShape(shapeOf(name))}`)
      .join(", ") + (names.length > 3 ? `, and ${names.length - 3} more` : "");
  const parts = [
    missing.length > 0 && `the model has ${list(missing, (path) => own.get(path)!.shape)}, which no tensor fits`,
    unused.length > 0 && `the weights have ${list(unused, (name) => theirs.get(name)!.shape)}, which fit no variable`,
  ];
  return new ValueError({
    operation: "loadStateDict",
    problem: parts.filter(Boolean).join("; "),
    fix: "build the same architecture, give rules for the names, or load what fits with { partial: true }",
  });
}

/** Options of {@link saveStateDict}. */
export interface SaveStateDictOptions {
  /** The library that the weights are for. */
  readonly to: WeightSource;
  /** Shape of one example; see {@link LoadStateDictOptions.input}. */
  readonly input?: Shapes;
}

/**
 * Returns the weights of a model as another library has them: its names of variables (`weight`, `running_mean`), its order of axes.
 * Names of layers are those of the model. {@link loadStateDict} reads them back, bit for bit.
 *
 * @returns Tensors by name, which `writeSafetensors` writes to a file.
 * @throws `UsageError` for a model that has not been built.
 *
 * @example
 * ```ts
 * const net = build(sequential([new Dense({ units: 2 })]), [4]);
 * [...(await saveStateDict(net, { to: "pytorch" })).keys()]; // ["layers.0.weight", "layers.0.bias"]
 * ```
 */
export async function saveStateDict(
  model: AnyLayer,
  options: SaveStateDictOptions,
): Promise<Map<string, StoredTensor>> {
  checkOptions("saveStateDict", options, { to: libraryOption, input: inputOption });
  checkValue("saveStateDict", "to", options.to, libraryOption);
  checkValue("saveStateDict", "model", model, (value) =>
    typeof value === "object" && value !== null ? undefined : "a model",
  );
  const convention = conventions[options.to];
  const own = ownVariables("saveStateDict", model);
  const channels = channelsFor(model, own, convention, options.input);
  const stored = await weightsOf(model);
  const saved = new Map<string, StoredTensor>();
  for (const [path, { shape, values }] of stored) {
    const [layer, field] = splitPath(path);
    const [name = field] = convention.names[field] ?? [];
    const arrangement = arrangementOf(field, shape, convention.outputsFirst, channels.get(path));
    saved.set(layer === "" ? name : `${layer}.${name}`, {
      shape: arrangement.theirs,
      values: toTheirs(arrangement, values),
    });
  }
  return saved;
}
