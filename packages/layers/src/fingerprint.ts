import { Tensor } from "@convlens/tensor";

/** The objects that a model consists of, and what they held. */
export interface Fingerprint {
  readonly holders: readonly object[];
  /** Names of the own fields of each holder; empty for arrays, maps, sets and typed arrays. */
  readonly names: readonly (readonly string[])[];
  /** Fields, elements or entries of each holder, in order. */
  readonly values: readonly ArrayLike<unknown>[];
}

const isNumbers = (x: object): x is Uint8Array => ArrayBuffer.isView(x) && !(x instanceof DataView);

/** The entries of a map or set to compare: keys and values in turn, or elements. */
const entriesOf = (x: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>): unknown[] =>
  x instanceof Map ? [...(x as ReadonlyMap<unknown, unknown>)].flat() : [...x.keys()];

/**
 * Takes down what a model consists of: all fields, elements and entries of its objects. Tensors are compared by identity.
 * Closures and private fields (`#inner`) cannot be seen.
 */
export function fingerprintOf(model: object): Fingerprint {
  const holders: object[] = [];
  const names: (readonly string[])[] = [];
  const values: ArrayLike<unknown>[] = [];
  const seen = new Set<object>();
  const waiting: unknown[] = [model];
  while (waiting.length > 0) {
    const x = waiting.pop();
    if (x === null || (typeof x !== "object" && typeof x !== "function") || x instanceof Tensor || seen.has(x))
      continue;
    seen.add(x);
    const isFields = !(Array.isArray(x) || x instanceof Map || x instanceof Set || isNumbers(x));
    const own = isFields ? Object.keys(x) : [];
    holders.push(x);
    names.push(own);
    if (isNumbers(x)) {
      values.push(x.slice());
      continue;
    }
    const held: readonly unknown[] = isFields
      ? own.map((name) => (x as Readonly<Record<string, unknown>>)[name])
      : Array.isArray(x)
        ? Array.from<unknown>(x)
        : entriesOf(x as ReadonlySet<unknown>);
    values.push(held);
    // One by one: an argument list has a limit that a long array passes.
    for (const value of held) waiting.push(value);
  }
  return { holders, names, values };
}

/** Whether a model still consists of the same. A flat loop without allocations, since it runs before every prediction. */
export function isUnchanged({ holders, names, values }: Fingerprint): boolean {
  for (let i = 0; i < holders.length; i++) {
    const holder = holders[i]!;
    const held = values[i]!;
    if (Array.isArray(holder) || isNumbers(holder)) {
      if (holder.length !== held.length) return false;
      for (let k = 0; k < held.length; k++) if (!Object.is(holder[k], held[k])) return false;
    } else if (holder instanceof Map || holder instanceof Set) {
      const now = entriesOf(holder);
      if (now.length !== held.length || !now.every((value, k) => Object.is(value, held[k]))) return false;
    } else {
      const own = names[i]!;
      let count = 0;
      for (const name in holder) {
        if (count === own.length || own[count] !== name) {
          // Fields of a prototype do not count.
          if (Object.hasOwn(holder, name)) return false;
          continue;
        }
        if (!Object.is((holder as Readonly<Record<string, unknown>>)[name], held[count])) return false;
        count++;
      }
      if (count !== own.length) return false;
    }
  }
  return true;
}
