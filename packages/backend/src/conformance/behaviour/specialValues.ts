import { pool2dGeometry } from "../../geometry.ts";
import { runOnce } from "../compare.ts";
import { programOf } from "../writer.ts";
import { expectEqual, floats, sameAsReference, type Behaviour } from "./setting.ts";
import { windowsOverSpecialNumbers } from "./windows.ts";

/** Values that are not finite, and tensors that are empty or large. */
export const specialValues: Behaviour = {
  "NaN and infinity propagate as in the reference": async (setting) => {
    const special = floats(NaN, Infinity, -Infinity, 0, -0, 1, -1, 3);
    const other = floats(1, -1, NaN, Infinity, 0, -Infinity, 2, 3);
    const shape = [8];
    const unary = ["negate", "absolute", "exp", "log", "sqrt", "reciprocal", "tanh", "sigmoid", "relu"] as const;
    const binary = ["add", "subtract", "multiply", "maximum", "minimum", "equal", "greater", "greaterEqual"] as const;
    const program = programOf([shape, shape], (write, [a, b]) => [
      ...unary.map((operation) => write(operation, [a], {}, shape)),
      ...binary.map((operation) => write(operation, [a, b], {}, shape)),
      write("floor", [a], {}, shape),
      write("where", [a, a, b], {}, shape),
      write("sum", [a], { axes: [0] }, [1]),
      write("max", [a], { axes: [0] }, [1]),
      write("argmax", [b], { axis: 0 }, [1]),
    ]);
    await sameAsReference(setting, program, [special, other], "special numbers");
  },

  "windows over values that are not finite": windowsOverSpecialNumbers,

  "a pixel outside of all pooling windows gets no gradient, whatever its value": async ({ backend }) => {
    const [image, result] = [
      [1, 2, 5, 1],
      [1, 1, 2, 1],
    ];
    const geometry = pool2dGeometry(image, { kernelSize: 2, geometry: "floor" }, "maxPool2d");
    const special = floats(1, 2, 3, 4, NaN, 5, 6, 7, 8, Infinity);
    const dy = floats(1, 1);
    for (const p of [undefined, 1, 2, 3, 2.5]) {
      if (p !== undefined && !backend.supports("lpPool2dGradient")) continue;
      const program = programOf([result, image, result], (write, [slopes, x, y]) => [
        p === undefined
          ? write("maxPool2dGradient", [slopes, x], { geometry }, image)
          : write("lpPool2dGradient", [slopes, x, y], { geometry, p }, image),
      ]);
      const [dx] = await runOnce(backend, program, [dy, special, floats(9, 9)]);
      const what = `the gradient of ${p === undefined ? "max" : `L${p}`} pooling`;
      expectEqual([dx![4], dx![9], [...dx!].every(Number.isFinite)], [0, 0, true], what);
    }
  },

  "empty tensors": async (setting) => {
    const program = programOf(
      [
        [0, 3],
        [3, 2],
      ],
      (write, [none, some]) => [
        write("exp", [none], {}, [0, 3]),
        write("sum", [none], { axes: [0] }, [1, 3]),
        write("max", [none], { axes: [0] }, [1, 3]),
        write("matmul", [none, some], { transposeA: false, transposeB: false }, [0, 2]),
        write("matmul", [none, none], { transposeA: true, transposeB: false }, [3, 3]),
        write("transpose", [none], { order: [1, 0] }, [3, 0]),
        write("place", [none], { begin: [1, 0], step: [1, 1], shape: [2, 3] }, [2, 3]),
      ],
    );
    await sameAsReference(setting, program, [floats(), floats(1, 2, 3, 4, 5, 6)], "empty tensors");
  },

  "large tensors": async (setting) => {
    const n = 1 << 20;
    const x = Float32Array.from({ length: n }, (_, i) => ((i * 7919) % 1000) / 1000);
    const shape = [1024, 1024];
    const program = programOf([shape, [1024]], (write, [a, b]) => {
      const sum = write("add", [a, b], {}, shape);
      return [write("sum", [sum], { axes: [0] }, [1, 1024]), write("transpose", [sum], { order: [1, 0] }, shape)];
    });
    await sameAsReference(setting, program, [x, x.subarray(0, 1024)], "large tensors");
  },
};
