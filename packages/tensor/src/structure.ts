import { UsageError } from "@convlens/backend";
import { sorted } from "./sorted.ts";
import type { Tensor } from "./tensor.ts";
import type { Variable } from "./variable.ts";

const texts = /* @__PURE__ */ new WeakMap<object, string>();

/** Attributes as text, cached for their lifetime. */
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

/** Structure of a graph, without its values. */
export interface Structure {
  /** Graphs with equal keys have equal programs, whatever the values of their leaves. */
  readonly key: string;
  /** Tensors with known values, in the order of the traversal. */
  readonly leaves: readonly Tensor[];
  /** Variables: updated ones first, then those that are read, in the order of the traversal. */
  readonly variables: readonly Variable[];
}

/** Neutral elements are part of the structure, so that programs can omit operations without effect. (−0 is not neutral.) */
const isNeutral = ({ shape, known }: Tensor): boolean =>
  shape.length === 0 && (Object.is(known![0], 0) || known![0] === 1);

/** Returns the structure of the graph of `roots` and `updates`, down to known values. */
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
      throw new UsageError({
        problem: `${t.toString()} of a compiled function has no value outside of it`,
        fix: "return what you need from the function",
      });
  }
  const ends = [...roots, ...updates.values()].map((t) => number.get(t)).join();
  return { key: `${key}>${roots.length}>${ends}`, leaves, variables: [...variables.keys()] };
}

/** Checks that the variable that a tensor reads still has the value that was recorded. */
export function checkVersion({ source }: Tensor): void {
  if (source.kind === "read" && source.version !== source.variable.version)
    throw new UsageError({
      problem: `this tensor reads ${source.variable.toString()} as it was before an assignment that has been carried out since`,
      fix: "record it again, or read its value before assigning",
    });
}
