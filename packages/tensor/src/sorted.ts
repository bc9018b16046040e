import type { Tensor } from "./tensor.ts";

/** Sorts the tensors that `roots` depend on topologically, inputs first. It does not recurse, since graphs may be deep. */
export function sorted(roots: Iterable<Tensor>, inputsOf: (t: Tensor) => readonly Tensor[]): Tensor[] {
  const done = new Set<Tensor>();
  const order: Tensor[] = [];
  const stack = [...roots].reverse();
  while (stack.length > 0) {
    const t = stack.at(-1)!;
    const waiting = done.has(t) ? [] : inputsOf(t).filter((x) => !done.has(x));
    if (waiting.length > 0) {
      for (let i = waiting.length - 1; i >= 0; i--) stack.push(waiting[i]!);
      continue;
    }
    stack.pop();
    if (!done.has(t)) {
      done.add(t);
      order.push(t);
    }
  }
  return order;
}
