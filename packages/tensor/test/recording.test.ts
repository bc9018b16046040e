import { checked, kernelBackend, UsageError, type Backend, type Values } from "@convlens/backend";
import { reference, referenceKernels } from "@convlens/backend-reference";
import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  add,
  broadcastTo,
  captureCallSites,
  compile,
  currentBackend,
  conv2d,
  detach,
  divide,
  evaluate,
  format,
  full,
  gather,
  gradients,
  log,
  mean,
  multiply,
  normal,
  ones,
  print,
  programOf,
  range,
  recordAgain,
  relu,
  reshape,
  setSeed,
  softmax,
  square,
  subtract,
  sum,
  tensor,
  uniform,
  useBackend,
  Variable,
  zeros,
  type Tensor,
} from "../src/index.ts";

beforeEach(() => useBackend(reference()));
const scalar = (x: number, name = "w"): Variable => new Variable([x], [], { name });
const numbers = async (x: Tensor): Promise<number[]> => [...(await x.data())];

describe("tensors", () => {
  it("copy the array that they are made from, and return copies", async () => {
    const array = new Float32Array([1, 2]);
    const x = tensor(array);
    const y = multiply(x, 2);
    array[0] = 100;
    expect(await numbers(y)).toEqual([2, 4]);
    (await y.data())[0] = 100;
    expect(await numbers(y)).toEqual([2, 4]);
  });

  it("are made of nested arrays, numbers and ranges", async () => {
    expect(
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]).shape,
    ).toEqual([2, 3]);
    expect(tensor(5).shape).toEqual([]);
    expect([
      ...range(3).knownValues,
      ...range(1, 2, 0.5).knownValues,
      ...full([2], 7).knownValues,
      ...ones([1]).knownValues,
    ]).toEqual([0, 1, 2, 1, 1.5, 7, 7, 1]);
    expect(tensor([], [0, 3]).size).toBe(0);
  });

  it("have the precision of the backend", async () => {
    expect(await add(tensor([0.1]), 0).data()).toBeInstanceOf(Float32Array);
    useBackend(reference({ precision: "float64" }));
    const [x] = await evaluate(add(tensor([0.1]), 0));
    expect(x).toBeInstanceOf(Float64Array);
    expect(x[0]).toBe(0.1);
  });

  it("distinguish −0 from 0 in a cached program", async () => {
    const divided = (zero: number): Promise<number> => divide(tensor([1]), zero).item();
    expect([await divided(0), await divided(-0)]).toEqual([Infinity, -Infinity]);
  });

  it("describe themselves, with their values once known", async () => {
    const x = add(tensor([1, 2]), 2);
    expect(`${x}`).toBe("Tensor [2] add([2], []) (not computed yet)");
    expect(() => x.knownValues).toThrow("are not known yet; use `await x.data()`");
    await x.data();
    expect(`${x}`).toBe("Tensor [2] add([2], []) = [3, 4]");
    expect([x.isKnown, ...x.knownValues]).toEqual([true, 3, 4]);
    expect((await import("node:util")).inspect(x)).toBe(`${x}`);
    expect(format(new Float32Array(20), [2, 10])).toBe("[[0, 0, 0, 0, 0, 0, 0, 0, …], [0, 0, 0, 0, 0, 0, 0, 0, …]]");
  });

  it("are printed with their values", async () => {
    const said = vi.spyOn(console, "log").mockImplementation(() => undefined);
    await print(add(tensor([[1, 2]]), 0.5), 3);
    expect(said.mock.calls).toEqual([["[1, 2] [[1.5, 2.5]]"], ["[] 3"]]);
    said.mockRestore();
  });

  it("are not promises: an async function returns them as they are", async () => {
    const x = add(tensor([1]), 1);
    expect(await (async () => x)()).toBe(x);
    expect(x).not.toHaveProperty("then");
  });

  it("compute shared work once and unused work never", async () => {
    const f = compile((x: Tensor) => {
      multiply(x, 9);
      return add(multiply(x, x), multiply(x, x));
    });
    await f(tensor([1, 2]));
    expect([...f.programs.values()][0]!.program.instructions.map(({ operation }) => operation)).toEqual([
      "multiply",
      "add",
    ]);
  });
});

describe("an operation recorded again", () => {
  it("computes the same for other inputs, with the same or other attributes; leaves stay as they are", async () => {
    const y = subtract(tensor([5, 7]), 2);
    expect(await numbers(recordAgain(y, [tensor([1, 2, 3]), 1]))).toEqual([0, 1, 2]);
    const total = sum(ones([2, 3]), 1, { keepAxes: true });
    expect(await numbers(recordAgain(total, [ones([2, 4])]))).toEqual([4, 4]);
    expect(await numbers(recordAgain<"sum">(total, [ones([2, 3])], { axes: [0] }))).toEqual([2, 2, 2]);
    const x = tensor([1]);
    expect(recordAgain(x, [])).toBe(x);
  });
});

describe("long recordings", () => {
  it("of 15,000 operations are evaluated and differentiated", async () => {
    const x = tensor(2);
    let y: Tensor = x;
    for (let i = 0; i < 15_000; i++) y = add(y, 1);
    const [value, slope] = await evaluate(y, gradients(y, [x])[0]);
    expect([value[0], slope[0]]).toEqual([15_002, 1]);
  });

  it("that are never read are refused with advice; reading them continues", async () => {
    expect(() => {
      let total: Tensor = zeros([]);
      for (let i = 0; i < 30_000; i++) total = add(total, i);
    }).toThrow(/read it now and then .*Variable \(total\.assign/);
    let total: Tensor = zeros([]);
    for (let i = 0; i < 300; i++) {
      total = add(total, 1);
      if (i % 100 === 99) await total.data();
    }
    expect(total.knownValue).toBe(300);
  });

  it("that are read but grow further are refused, too; detach ends them", async () => {
    let total: Tensor = zeros([]);
    const carry = async (turns: number, cut: boolean): Promise<void> => {
      for (let i = 0; i < turns; i++) {
        for (let k = 0; k < 10_000; k++) total = add(total, 1);
        await total.data();
        if (cut) total = detach(total);
      }
    };
    await expect(carry(11, false)).rejects.toThrow(/cut it with detach\(total\)/);
    total = zeros([]);
    await carry(12, true);
    expect(total.knownValue).toBe(120_000);
  });
});

describe("variables", () => {
  it("keep the recorded value in earlier expressions, and have the new one in later ones", async () => {
    const w = scalar(1);
    const before = multiply(w, 10);
    w.assign(add(w, 1));
    const after = multiply(w, 10);
    expect((await evaluate(before, after)).map((v) => v[0])).toEqual([10, 20]);
    expect(await w.item()).toBe(2);
    expect(w.current.isKnown).toBe(true);
  });

  it("refuse to read an old value that is gone, also in a cached program", async () => {
    const w = scalar(1);
    const old = multiply(w, 10);
    w.assign(add(w, 1));
    await w.data();
    await expect(old.data()).rejects.toThrow(/reads Variable w \[\] as it was before an assignment/);
    const fresh = multiply(w, 10);
    await multiply(w, 10).data();
    w.assign(add(w, 1));
    await w.data();
    await expect(fresh.data()).rejects.toThrow(/as it was before/);
  });

  it("swap values, inside and outside of a compiled function, twice", async () => {
    const [a, b] = [scalar(1, "a"), scalar(2, "b")];
    const swap = (): void => {
      const [x, y] = [a.current, b.current];
      a.assign(y);
      b.assign(x);
    };
    swap();
    await evaluate();
    expect([await a.item(), await b.item()]).toEqual([2, 1]);
    const compiled = compile(swap);
    await compiled();
    expect([await a.item(), await b.item()]).toEqual([1, 2]);
    await compiled();
    expect([await a.item(), await b.item()]).toEqual([2, 1]);
  });

  it("keep the order of updates through reshapes of another variable or of themselves", async () => {
    const [a, b] = [new Variable([1], [1], { name: "a" }), new Variable([2], [1], { name: "b" })];
    const step = compile(() => {
      const old = reshape(reshape(a.current, [1, 1]), [1]);
      a.assign(b.current);
      b.assign(old);
    });
    await step();
    expect([(await a.data())[0], (await b.data())[0]]).toEqual([2, 1]);
  });

  it("are updated in order by calls that nobody awaits", async () => {
    const n = scalar(0);
    const count = compile((by: Tensor) => {
      n.assign(add(n, by));
      return n.current;
    });
    expect((await Promise.all([count(1), count(2), count(3)])).map((x) => x.knownValue)).toEqual([1, 3, 6]);
  });

  it("explain why there is no gradient after an assignment", () => {
    const w = scalar(1);
    const y = multiply(w, w);
    w.assign(subtract(w, 1));
    expect(() => gradients(y, [w])).toThrow(
      /does not depend on Variable w \[\] as w is now \(was it assigned after y was recorded\?\)/,
    );
    return evaluate();
  });

  it("can be created before a backend is selected, written, and disposed", async () => {
    const w = new Variable(() => [1, 2], [2], { name: "w" });
    expect(w.backend).toBeUndefined();
    w.write([3, 4]);
    expect(await numbers(w)).toEqual([3, 4]);
    w.assign(add(w, 1));
    w.write([5, 6]);
    expect(await numbers(w)).toEqual([5, 6]);
    w.dispose();
    expect(() => add(w, 1)).toThrow("Variable w [2] was disposed");
  });

  it("of different backends cannot be combined", async () => {
    const [a, b] = [scalar(0, "a"), scalar(0, "b")];
    a.assign(add(a, 1));
    await evaluate();
    useBackend(reference({ precision: "float64" }));
    b.assign(add(b, 1));
    await evaluate();
    await expect(add(a, b).data()).rejects.toThrow(/is on the backend "reference/);
    // Values of another backend stay there.
    expect(await add(a, 1).item()).toBe(2);
  });

  it("of a backend with higher precision give results that are not rounded", async () => {
    useBackend(reference({ precision: "float64" }));
    const a = scalar(0.1, "a");
    a.assign(add(a, 0));
    await evaluate();
    useBackend(reference());
    expect((await evaluate(add(a, 0.2)))[0]).toEqual(Float64Array.of(0.1 + 0.2));
    // Other values are printed as before.
    expect((await evaluate(add(tensor([0.1]), 0.2)))[0]).toBeInstanceOf(Float32Array);
  });
});

describe("compiled functions", () => {
  it("are recorded once for each combination of shapes; numbers are fed, booleans and strings select a program", async () => {
    let recorded = 0;
    const f = compile((x: Tensor, k: Tensor, twice: boolean, name: string) => {
      recorded++;
      return { [name]: multiply(x, twice ? multiply(k, 2) : k) };
    });
    expect([...(await f(tensor([1, 2]), 3, false, "y"))["y"]!.knownValues]).toEqual([3, 6]);
    expect([...(await f(tensor([1, 2]), 5, false, "y"))["y"]!.knownValues]).toEqual([5, 10]);
    expect([...(await f(tensor([1, 2]), 5, true, "y"))["y"]!.knownValues]).toEqual([10, 20]);
    expect([...(await f(tensor([1]), 5, true, "z"))["z"]!.knownValues]).toEqual([10]);
    expect(recorded).toBe(3);
  });

  it("return one tensor, several, or none, with known values", async () => {
    const [a, b] = await compile((x: Tensor) => [add(x, 1), add(x, 2)])(tensor([1]));
    expect([a.knownValue, b.knownValue]).toEqual([2, 3]);
    expect(await compile(() => undefined)()).toBeUndefined();
  });

  it("accept tensors that are not computed yet, and values that were assigned before", async () => {
    const w = scalar(1);
    w.assign(add(w, 1));
    const f = compile((x: Tensor) => multiply(x, w));
    expect((await f(add(tensor([1]), 1))).knownValue).toBe(4);
  });

  it("refuse code that cannot mean the same in each call", async () => {
    const w = scalar(1);
    const outside = multiply(w, 2);
    await expect(compile((x: Tensor) => add(x, outside))(tensor([1]))).rejects.toThrow(/recorded outside/);
    await outside.data();
    const f = compile((x: Tensor) => add(x, outside));
    expect((await f(tensor([1]))).knownValue).toBe(3);
    let said = "";
    await compile((x: Tensor) => {
      x.data().catch((error: Error) => (said = error.message));
      return x;
    })(tensor([1]));
    expect(said).toMatch(/values do not exist while a function is being compiled/);
    await expect(compile((async (x: Tensor) => x) as never)(tensor([1]))).rejects.toThrow(/must not be async/);
    await expect(
      compile((x: Tensor) => void f(x).catch((error: Error) => (said = error.message)))(tensor([1])),
    ).resolves.toBeUndefined();
    expect(said).toMatch(/cannot be called inside another/);
    let leaked: Tensor | undefined;
    await compile((x: Tensor) => (leaked = x))(tensor([1]));
    await expect(add(leaked!, 1).data()).rejects.toThrow(/has no value outside of it/);
    await expect(compile((x: Tensor) => add(x, leaked!))(tensor([1]))).rejects.toThrow(
      /argument of another compiled function/,
    );
    expect(() => compile((x: Tensor) => x)).not.toThrow();
  });

  it("freeze the tensors that they close over, as documented", async () => {
    let rate = 1;
    const f = compile((x: Tensor) => multiply(x, rate));
    await f(tensor([2]));
    rate = 10;
    expect((await f(tensor([2]))).knownValue).toBe(2);
  });

  it("can be inspected as a program, without a run or an assignment", async () => {
    const w = scalar(2);
    const step = (x: Tensor): Tensor => {
      w.assign(add(w, sum(x)));
      return multiply(w, x);
    };
    const seen = programOf(step, [ones([3])]);
    const compiled = compile(step);
    await compiled(ones([3]));
    expect(seen).toEqual([...compiled.programs.values()][0]!.program);
    expect(await w.item()).toBe(5);

    // Composites are whole or lowered, as the backend requires; no backend has to be selected.
    const operations = (supports: boolean): string[] =>
      programOf((x: Tensor) => softmax(x), [ones([3])], { backend: { supports: () => supports } }).instructions.map(
        ({ operation }) => operation,
      );
    expect(operations(true)).toEqual(["softmax"]);
    expect(operations(false)).toContain("exp");

    // This takes no memory for variables.
    const large = new Variable(() => expect.unreachable(), [10_000]);
    expect(programOf(() => add(large, 1), []).variables).toEqual([[10_000]]);
  });

  it("leave no state behind if recording fails", async () => {
    const w = scalar(1);
    const f = compile((x: Tensor) => {
      w.assign(add(w, 1));
      return reshape(x, [7]);
    });
    await expect(f(tensor([1]))).rejects.toThrow(/reshape/);
    expect(await w.item()).toBe(1);
    expect(await add(w, 1).item()).toBe(2);
  });

  it("omit operations without effect: · 1, + 0, and the ones that a gradient begins with", async () => {
    const f = compile((x: Tensor) => gradients(multiply(add(multiply(x, 1), 0), x), [x])[0]);
    await f(tensor([1, 2]));
    expect([...f.programs.values()][0]!.program.instructions.map(({ operation }) => operation)).toEqual(["add"]);
    const y = await multiply(add(tensor([1, 2]), 0), 1).data();
    expect([...y]).toEqual([1, 2]);
  });

  it("broadcast only if the operation does not broadcast by itself", async () => {
    const operationsOf = async (fn: (x: Tensor) => Tensor): Promise<string[]> => {
      const f = compile(fn);
      await f(ones([2, 3]));
      return [...f.programs.values()][0]!.program.instructions.map(({ operation }) => operation);
    };
    const stretched = (value: Tensor): Tensor => broadcastTo(value, [2, 3]);
    const row = range(3);
    expect(await operationsOf((x) => multiply(x, stretched(row)))).toEqual(["multiply"]);
    expect(await operationsOf((x) => multiply(stretched(sum(x)), stretched(row)))).toEqual([
      ...["sum", "reshape", "broadcast", "multiply"],
    ]);
    const slope = compile((x: Tensor) => gradients(mean(square(x)), [x])[0]);
    expect([...(await slope(range(4))).knownValues]).toEqual([0, 0.5, 1, 1.5]);
    expect(await operationsOf((x) => gradients(mean(square(x)), [x])[0])).toEqual([
      ...["divide", "reshape", "multiply", "add"],
    ]);
  });

  it("fuse a convolution, its bias and ReLU for a backend that has the kernel, also in training", async () => {
    const fused: Backend = {
      ...reference(),
      name: "fusing",
      supports: (operation) => operation.startsWith("conv2dBias"),
    };
    const seen: string[][] = [];
    useBackend({
      ...fused,
      compile: (program) => {
        seen.push(program.instructions.map(({ operation }) => operation));
        return {
          memory: { peak: 0, sum: 0 },
          run: async () => program.outputs.map(() => new Float32Array(1)),
          dispose: () => undefined,
        };
      },
    });
    const [filters, bias] = [new Variable([1], [1, 1, 1, 1]), new Variable([1], [1])];
    const step = compile((x: Tensor) => {
      const loss = sum(relu(add(conv2d(x, filters), bias)));
      const [df, db] = gradients(loss, [filters, bias]);
      filters.assign(df);
      bias.assign(db);
      return loss;
    });
    await step(zeros([1, 2, 2, 1]));
    expect(seen[0]).toContain("conv2dBiasRelu");
    expect(seen[0]).not.toContain("relu");
    await compile((x: Tensor) => {
      const y = conv2d(x, filters);
      return [relu(add(y, bias)), y];
    })(zeros([1, 2, 2, 1]));
    // The value in between has another reader, so nothing is fused.
    expect(seen[1]).toEqual(["conv2d", "add", "relu"]);
  });
});

describe("random numbers", () => {
  it("differ between draws and runs, are fixed in a tensor, and repeat with a seed", async () => {
    const [a, b] = [uniform([4]), uniform([4])];
    const [p, q] = await evaluate(a, b);
    expect([...p]).not.toEqual([...q]);
    expect(await numbers(a)).toEqual([...p]);
    const make = () => compile(() => [uniform([4]), uniform([4])], { seed: 42 });
    const [f, g] = [make(), make()];
    const [first, second] = [await f(), await f()];
    expect([...first[0].knownValues]).not.toEqual([...first[1].knownValues]);
    expect([...first[0].knownValues]).not.toEqual([...second[0].knownValues]);
    expect([...(await g())[0].knownValues]).toEqual([...first[0].knownValues]);
    g.runs = 1;
    expect([...(await g())[0].knownValues]).toEqual([...second[0].knownValues]);
    setSeed(5);
    const once = await numbers(normal([3], { mean: 1, deviation: 0.1 }));
    setSeed(5);
    expect(await numbers(normal([3], { mean: 1, deviation: 0.1 }))).toEqual(once);
  });
});

describe("a seed", () => {
  it("counts with every bit, outside of compiled functions and inside", async () => {
    const seeds = [0, ...Array.from({ length: 32 }, (_, bit) => 2 ** bit)];
    const outside: string[] = [];
    const inside: string[] = [];
    for (const seed of seeds) {
      setSeed(seed);
      outside.push(`${await numbers(uniform([2]))}`);
      inside.push(`${(await compile(() => uniform([2]), { seed })()).knownValues}`);
    }
    expect(new Set(outside).size).toBe(33);
    expect(new Set(inside).size).toBe(33);
  });

  it("continues beyond 2²⁴ runs without repeating the first ones", async () => {
    const draw = compile(() => uniform([2]), { seed: 3 });
    const first = [...(await draw()).knownValues];
    draw.runs = 2 ** 24;
    expect([...(await draw()).knownValues]).not.toEqual(first);
  });

  it("is refused if it would be truncated", () => {
    for (const bad of [NaN, 0.5, -1, 2 ** 32, 2 ** 53, "x"]) {
      expect(() => setSeed(bad as number)).toThrow("setSeed: seed must be a whole number from 0 to 4294967295");
      expect(() => compile(() => uniform([2]), { seed: bad as number })).toThrow("compile: seed must be");
    }
  });
});

describe("a data set in the memory of the backend", () => {
  it("is a variable from which a compiled function gathers its batches: only indices are fed", async () => {
    const images = new Variable(
      Float32Array.from({ length: 12 }, (_, i) => i),
      [6, 2],
      { name: "images", trainable: false },
    );
    const total = compile((indices: Tensor) => sum(gather(images, indices), 1));
    expect([...(await total(tensor([5, 0, 2]))).knownValues]).toEqual([21, 1, 9]);
    expect([...(await total(tensor([1, 1, 3]))).knownValues]).toEqual([5, 5, 13]);
    expect([...total.programs.values()].map(({ program }) => [program.feeds, program.variables])).toEqual([
      [[[3], [2]], [[6, 2]]],
    ]);
  });
});

describe("errors", () => {
  it("name the first non-finite number, with its operation and line", async () => {
    useBackend(checked(reference()));
    captureCallSites(true);
    const y = sum(multiply(log(subtract(tensor([1, 2, 0]), 1)), 3));
    captureCallSites(false);
    await expect(y.data()).rejects.toThrow(
      /^log: element 0 of \[3\] \(.*recording\.test\.ts:\d+.*\) must be finite, got -Infinity$/,
    );
  });

  it("of a failed evaluation do not affect later ones", async () => {
    const w = scalar(1);
    const old = multiply(w, 10);
    w.assign(add(w, 1));
    await w.data();
    w.assign(old);
    await expect(evaluate()).rejects.toThrow(/as it was before/);
    expect(await divide(tensor(4), 2).item()).toBe(2);
    expect(await w.item()).toBe(2);
  });

  it("give advice if there is no backend", async () => {
    vi.resetModules();
    const fresh = await import("../src/index.ts");
    await expect(fresh.add(fresh.tensor([1]), 1).data()).rejects.toThrow(
      "no backend chosen; call useBackend(await cpu()), the fast one, or useBackend(reference())",
    );
    expect(() => fresh.currentBackend()).toThrow(/no backend chosen/);
  });

  it("refuse a value that is not a backend at once, in particular a promise of one", () => {
    const before = currentBackend();
    const promise = Promise.resolve(reference()) as never;
    expect(() => useBackend(promise)).toThrow(
      "useBackend: expected a backend, got the promise of one; await it: useBackend(await cpu())",
    );
    expect(() => checked(promise)).toThrow("checked: expected a backend, got the promise of one; await it");
    expect(() => compile(() => [], { backend: promise })).toThrow("compile: expected a backend, got the promise");
    expect(() => useBackend(reference as never)).toThrow("got the function reference; make one");
    for (const none of [undefined, null, "cpu", {}]) expect(() => useBackend(none as never)).toThrow(UsageError);
    expect(currentBackend()).toBe(before);
  });
});

describe("memory", () => {
  /** The kernels of the reference, with counted and limited memory. */
  function limited(most: number): Backend & { held: () => number } {
    let held = 0;
    const backend = kernelBackend<Values>(
      {
        name: "small",
        allocate: (length) => {
          held += length;
          if (held > most) throw new Error(`out of memory: ${held} of ${most}`);
          return new Float32Array(length);
        },
        free: (buffer) => {
          held -= buffer.length;
        },
        upload: (buffer, values) => buffer.set(values),
        download: (buffer) => buffer.slice(),
        copy: (from, to) => to.set(from),
        slice: (buffer, offset, length) => buffer.subarray(offset, offset + length),
        kernels: referenceKernels,
      },
      referenceKernels,
    );
    return Object.assign(backend, { held: () => held });
  }

  it("is one arena for 300 shapes", async () => {
    const backend = limited(200_000);
    useBackend(backend);
    for (let i = 1; i <= 300; i++) await sum(add(zeros([1000 + i, 16]), 1)).data();
    expect(backend.held()).toBeLessThan(100_000);
  });

  it("of a compiled function's constants is freed with the function", async () => {
    const backend = limited(1_000_000);
    useBackend(backend);
    const big = zeros([1000]);
    const f = compile((x: Tensor) => add(x, big));
    await f(zeros([1000]));
    const before = backend.held();
    f.dispose();
    await add(tensor([1]), 1).data();
    expect(before - backend.held()).toBeGreaterThan(900);
  });
});
