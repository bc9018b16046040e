import {
  anyOption,
  checkOptions,
  fractionOption,
  fuseChains,
  kernelBackend,
  numberAbove,
  numberFrom,
  oneOf,
  ValueError,
  wholeFrom,
} from "@convlens/backend";
import { describe, expect, it } from "vitest";

interface Options {
  readonly rate?: number;
  readonly epochs?: number;
  readonly scale?: number;
  readonly mode?: string;
  readonly data?: unknown;
}

const check = (options: unknown): void =>
  checkOptions("train", options as Options, {
    rate: fractionOption,
    epochs: wholeFrom(1),
    scale: numberAbove(0, 10),
    mode: oneOf("max", "min"),
    data: anyOption,
  });

describe("checkOptions", () => {
  it("accepts known options with valid values, and undefined for each", () => {
    expect(() => check({})).not.toThrow();
    expect(() => check({ rate: 0, epochs: 1, scale: 9.9, mode: "min", data: [1] })).not.toThrow();
    expect(() => check({ rate: undefined, epochs: undefined })).not.toThrow();
  });

  it("names the nearest known option", () => {
    expect(() => check({ epoch: 3 })).toThrow(ValueError);
    expect(() => check({ epoch: 3 })).toThrow(
      'train: unknown option "epoch"; did you mean "epochs"? Options are rate, epochs, scale, mode, data',
    );
    // A property that every object inherits is not an option.
    expect(() => check({ toString: 1 })).toThrow('unknown option "toString"');
  });

  it("refuses values that are not objects of options", () => {
    for (const [options, shown] of [
      [0.2, "0.2"],
      ["a", '"a"'],
      [null, "null"],
      [[1], "[1]"],
    ] as const)
      expect(() => check(options)).toThrow(
        `train: expected an object of options { rate, epochs, scale, mode, data }, got ${shown}`,
      );
  });

  it("states what it expects of a value", () => {
    for (const [options, sentence] of [
      [{ rate: 1 }, "train: rate must be a number of at least 0 and below 1, got 1"],
      [{ rate: NaN }, "train: rate must be a number of at least 0 and below 1, got NaN"],
      [{ rate: null }, "train: rate must be a number of at least 0 and below 1, got null"],
      [{ epochs: 1.5 }, "train: epochs must be a whole number of at least 1, got 1.5"],
      [{ epochs: 0 }, "train: epochs must be a whole number of at least 1, got 0"],
      [{ scale: 10 }, "train: scale must be a number above 0 and below 10, got 10"],
      [{ mode: "mean" }, 'train: mode must be "max" or "min", got "mean"'],
    ] as const)
      expect(() => check(options)).toThrow(sentence);
    expect(numberFrom(0)(Infinity)).toBe("a number of at least 0");
  });
});

describe("kernelBackend and fuseChains refuse unknown options", () => {
  const options = {
    name: "mine",
    allocate: (length: number) => new Float32Array(length),
    free: () => undefined,
    upload: () => undefined,
    download: (buffer: Float32Array) => buffer,
    copy: () => undefined,
    kernels: {},
  };
  const program = { feeds: [], variables: [], constants: [], instructions: [], outputs: [], updates: [] };

  it("and name the nearest option", () => {
    expect(() => kernelBackend(options)).not.toThrow();
    expect(() => kernelBackend({ ...options, mostByte: 8 } as never)).toThrow(
      'kernelBackend: unknown option "mostByte"; did you mean "mostBytes"?',
    );
    expect(() => kernelBackend(null as never)).toThrow("kernelBackend: expected an object of options");
    expect(fuseChains(program, { canSum: true, mostInputs: 4 }).instructions).toEqual([]);
    expect(() => fuseChains(program, { canSum: true, mostInput: 4 } as never)).toThrow(
      'fuseChains: unknown option "mostInput"; did you mean "mostInputs"?',
    );
  });
});
