import { reference } from "@convlens/backend-reference";
import { Conv2d, GlobalAveragePool, sequential } from "@convlens/layers";
import { useBackend, zeros } from "@convlens/tensor";
import { expect, it } from "vitest";
import { collectGarbage } from "../../backend/src/pacer.ts";
import { retain, tap } from "../src/index.ts";
import { filled } from "./helpers.ts";

it("many inputs of different sizes leave no layers in memory, and concurrent calls return their results", async () => {
  const backend = reference();
  useBackend(backend);
  const net = filled(sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new GlobalAveragePool()]), [4, 4, 1]);
  const [kept, tapped] = [retain(net), tap(net)];
  const look = async (from: number, to: number): Promise<number> => {
    const sizes = Array.from({ length: to - from }, (_, i) => from + i);
    await Promise.all(
      sizes.map(async (width) => {
        expect((await kept(zeros([1, 4, width, 1]))).names).toEqual(["layers.0", "layers.1", ""]);
        const { layers } = await tapped(zeros([1, 4, width, 1]));
        expect(layers.get("layers.0")?.shape).toEqual([1, 2, width - 2, 2]);
      }),
    );
    await collectGarbage(() => false);
    return backend.memory();
  };
  // More programs than the cache keeps, then as many again of about the same size, so that memory can be compared.
  await look(10, 140);
  const held = await look(200, 270);
  expect(await look(270, 340)).toBeLessThan(1.5 * held);
  expect(await look(200, 270)).toBeLessThan(1.1 * held);
  const { read } = await kept(zeros([1, 4, 10, 1]));
  expect((await read("layers.0")).shape).toEqual([1, 2, 8, 2]);
});
