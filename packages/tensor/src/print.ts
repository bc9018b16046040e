import { showShape } from "@convlens/backend";
import { format } from "./format.ts";
import { operand, type Operand } from "./record.ts";

/**
 * Computes tensors and prints each with its shape.
 *
 * @example
 * ```ts
 * await print(add(tensor([1, 2]), 1)); // [2] [2, 3]
 * ```
 */
export async function print(...tensors: Operand[]): Promise<void> {
  for (const x of tensors) {
    const t = operand(x);
    console.log(`${showShape(t.shape)} ${format(await t.data(), t.shape)}`);
  }
}
