import { UsageError } from "@convlens/backend";
import { sorted } from "./sorted.ts";
import type { Tensor } from "./tensor.ts";
import type { Variable } from "./variable.ts";

const texts = /* @__PURE__ */ new WeakMap<object, string>();

/** Attributes as text, remembered for as long as they live. */
export function textOf(attributes: object): string {
  let text = texts.get(attributes);
  if (text === undefined)
    texts.set(
      attributes,
      (text = JSON.stringify(attributes, (_, x: unknown) =>
        typeof x === "number" && !Number.isFinite(x) ? `${x}` : x,
      )),
    );
  return text;
}

/** A graph without its values. */
export interface Structure {
  /** Equal texts mean equal programs, whatever the leaves hold. */
  readonly key: string;
  /** Tensors with values, in the order met. */
  readonly leaves: readonly Tensor[];
  /** Variables: the updated ones first, then those read, in the order met. */
  readonly variables: readonly Variable[];
}

/** Neutral elements are part of the structure, so that programs can leave out what they do nothing to. (−0 is another number.) */
const isNeutral = ({ shape, known }: Tensor): boolean =>
  shape.length === 0 && (Object.is(known![0], 0) || known![0] === 1);

/** The structure of what `roots` and `updates` are computed from, down to known values. */
export function structureOf(roots: readonly Tensor[], updates: ReadonlyMap<Variable, Tensor>): Structure {
  const number = new Map<Tensor, number>();
  const leaves: Tensor[] = [];
  const variables = new Map([...updates.keys()].map((variable, i) => [variable, i]));
  let key = "";
  for (const t of sorted([...roots, ...updates.values()], (x) => (x.known === undefined ? x.inputs : []))) {
    number.set(t, number.size);
    const { source } = t;
    if (t.known !== undefined) {
      if (isNeutral(t)) key += `${t.known[0]};`;
      else {
        leaves.push(t);
        key += `f${t.shape.join()};`;
      }
    } else if (source.kind === "operation") {
      key += source.operation.name;
      for (const x of source.inputs) key += `,${number.get(x)}`;
      key += `${textOf(source.attributes)};`;
    } else if (source.kind === "read") {
      checkVersion(t);
      let i = variables.get(source.variable);
      if (i === undefined) variables.set(source.variable, (i = variables.size));
      key += `v${i}:${t.shape.join()};`;
    } else
      throw new UsageError(
        `${t.toString()} of a compiled function has no value outside of it; return what you need from the function`,
      );
  }
  const ends = [...roots, ...updates.values()].map((t) => number.get(t)).join();
  return { key: `${key}>${roots.length}>${ends}`, leaves, variables: [...variables.keys()] };
}

/** A tensor that reads what a variable held can be computed only as long as it holds it. */
export function checkVersion({ source }: Tensor): void {
  if (source.kind === "read" && source.version !== source.variable.version)
    throw new UsageError(
      `this tensor reads ${source.variable.toString()} as it was before an assignment that has been carried out since; ` +
        "record it again, or ask for its value before assigning",
      { fix: "record it again" },
    );
}
