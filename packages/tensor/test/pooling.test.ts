import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { describe, expect, it } from "vitest";
import { evaluate, gradients, lpPool2d, tensor, useBackend } from "../src/index.ts";

describe.each([
  ["reference", () => reference()],
  ["cpu", () => cpu()],
] as const)("the gradient of Lp pooling on %s", (_, make) => {
  it.each([1, 2, 3, 1.5, 7])("is 0 if no window contains an infinite number, for p = %s", async (p) => {
    useBackend(await make());
    const x = tensor([3, 4, Infinity, NaN, 1, -Infinity], [1, 1, 3, 2]);
    const y = lpPool2d(x, { kernelSize: [1, 2], geometry: "floor", p });
    const [dx] = gradients(y, [x]);
    const [got] = await evaluate(dx);
    // (x / ∞)^(p − 1) of a finite number is 0, and ∞ / ∞ is NaN, as in lp_pool2d of PyTorch 1.13.
    expect([...got]).toEqual(p === 1 ? [1, 1, 1, NaN, 0, 0] : [0, NaN, NaN, NaN, 0, 0]);
  });
});
