import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { shapes } from "@convlens/datasets";
import { build, Dense, Flatten, predict, sequential } from "@convlens/layers";
import {
  add,
  compile,
  evaluate,
  matmul,
  mean,
  tanh,
  tensor,
  uniform,
  useBackend,
  zeros,
  type Tensor,
} from "@convlens/tensor";
import { describe, expect, it } from "vitest";
import { fit } from "../src/index.ts";

/** Awaits work in a loop until something else has happened; it fails if the loop blocks everything else. */
async function untilOther(isOver: () => boolean, work: () => Promise<unknown>): Promise<void> {
  for (const began = performance.now(); !isOver();) {
    if (performance.now() - began > 30_000) throw new Error("nothing else had its turn");
    await work();
  }
}

describe.each([
  ["reference", async () => reference()],
  ["cpu on one thread", () => cpu({ threads: 1 })],
  ["cpu on two threads", () => cpu({ threads: 2 })],
] as const)("a loop that only awaits, on the %s", (_, make) => {
  it("lets a concurrent fit end", async () => {
    useBackend(await make());
    const data = shapes({ size: 64, height: 6, width: 6 });
    const [asked, trained] = [0, 1].map((seed) =>
      build(sequential([new Flatten(), new Dense({ units: 4 })]), data.shapes.input, { seed }),
    );
    const state = { isOver: false };
    const training = (async () => {
      for await (const record of fit(trained!, data, { epochs: 3, batchSize: 8, validation: data })) void record;
      state.isOver = true;
    })();
    const x = zeros([1, ...data.shapes.input]);
    await untilOther(
      () => state.isOver,
      () => predict(asked!, x),
    );
    await training;
  });

  it("yields during a run, if runs are long", async () => {
    const backend = await make();
    useBackend(backend);
    const [x, w] = [uniform([256, 128]), uniform([128, 128])];
    await evaluate(x, w);
    const run = compile((a: Tensor, b: Tensor) => {
      let y = a;
      // So many times that a run takes some 100 ms.
      for (let i = backend.name === "reference" ? 30 : 600; i > 0; i--) y = tanh(matmul(y, b));
      return mean(y);
    });
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    let most = 0;
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve));
      ticks = 0;
      await run(x, w);
      most = Math.max(most, ticks);
    }
    clearInterval(timer);
    expect(most).toBeGreaterThan(1);
  });

  it("lets timers fire: predictions, values, known values", async () => {
    useBackend(await make());
    const known = tensor([1, 2, 3]);
    const double = compile((x: Tensor) => add(x, x));
    for (const work of [() => double(known), () => add(known, 1).data(), () => known.data()]) {
      const state = { ticks: 0 };
      const timer = setInterval(() => state.ticks++, 1);
      await untilOther(() => state.ticks >= 3, work);
      clearInterval(timer);
    }
  });
});
