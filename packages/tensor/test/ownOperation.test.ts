import { kernelBackend, type Kernel, type UnaryOp, type Values } from "@convlens/backend";
import { reference, referenceKernels } from "@convlens/backend-reference";
import { expect, it } from "vitest";
import { evaluate, gradients, multiply, record, tensor, useBackend, type Operation } from "../src/index.ts";

// An operation that another package declares: a composite that a backend may compute as a whole.
declare module "@convlens/backend" {
  interface Operations {
    cube: UnaryOp;
  }
}
const cubeOperation: Operation<"cube"> = {
  name: "cube",
  shape: ([x]) => x,
  lower: ([x]) => multiply(x, multiply(x, x)),
};

it("an operation of another package is lowered, differentiated, and passed whole to a backend with a kernel", async () => {
  useBackend(reference({ precision: "float64" }));
  const x = tensor([-1, 2]);
  const y = record(cubeOperation, [x], {});
  const [dx] = gradients(y, [x]);
  expect((await evaluate(y, dx)).map((values) => [...values])).toEqual([
    [-1, 8],
    [3, 12],
  ]);

  let calls = 0;
  const cube: Kernel<Values, UnaryOp> = () => {
    calls++;
    return ([values], result) => result.set(values.map((value) => value ** 3));
  };
  useBackend(
    kernelBackend<Values>(
      {
        name: "own",
        allocate: (length) => new Float32Array(length),
        free: () => undefined,
        upload: (buffer, values) => buffer.set(values),
        download: (buffer) => buffer.slice(),
        copy: (from, to) => to.set(from),
        kernels: { ...referenceKernels, cube },
      },
      referenceKernels,
    ),
  );
  expect([...(await record(cubeOperation, [tensor([3])], {}).data())]).toEqual([27]);
  expect(calls).toBe(1);
});
