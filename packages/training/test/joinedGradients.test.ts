import { cpu } from "@convlens/backend-cpu";
import type { Instruction } from "@convlens/backend";
import { shapes } from "@convlens/datasets";
import { Conv2d, Dense, Flatten, MaxPool2d, ReLU, sequential } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { describe, expect, it } from "vitest";
import { fit } from "../src/index.ts";

describe("training on the cpu", () => {
  it("joins the gradients of a convolution, through ReLU and pooling", async () => {
    const backend = await cpu({ threads: 1 });
    const seen: (readonly Instruction[])[] = [];
    useBackend({
      ...backend,
      join: (program) => {
        const joined = backend.join!(program);
        seen.push(joined.instructions);
        return joined;
      },
    });
    const conv = (filters: number): Conv2d => new Conv2d({ filters, kernelSize: 3, padding: "same" });
    const model = sequential([
      ...[conv(8), new ReLU(), conv(8), new ReLU(), conv(8), new ReLU(), new MaxPool2d({ kernelSize: 2 })],
      ...[new Flatten(), new Dense({ units: 4 })],
    ]);
    for await (const { loss } of fit(model, shapes({ size: 16, height: 12, width: 12, seed: 1 }), { batchSize: 16 }))
      expect(loss).toBeGreaterThan(0);
    const joined = seen.flatMap((instructions) =>
      instructions.flatMap(({ operation, attributes }) => (operation === "conv2dGradients" ? [attributes] : [])),
    );
    // Not of the first convolution, whose input needs no gradient.
    expect(joined).toMatchObject([
      { relu: true, pool: true },
      { relu: true, pool: false },
    ]);
    expect(joined.map((each) => "results" in each && [...each.results].sort())).toEqual([
      ["bias", "filters", "input"],
      ["bias", "filters", "input"],
    ]);
    backend.dispose();
  });
});
