import { countOption, windowChecks } from "@convlens/tensor";
import { checkOptions, ValueError, type GeometryMode } from "@convlens/backend";
import { ReLU } from "./activations.ts";
import { BatchNorm } from "./batchNorm.ts";
import { Conv2d } from "./conv2d.ts";
import { Dense } from "./dense.ts";
import { patternChecks, stepsOfPattern, type PatternOptions, type PatternStep } from "./expandPattern.ts";
import { Flatten } from "./flatten.ts";
import type { Layer } from "./layer.ts";
import { LocalResponseNorm } from "./localResponseNorm.ts";
import type { Pattern, PatternSize } from "./pattern.ts";
import { GlobalAveragePool, MaxPool2d } from "./pooling.ts";
import { Residual } from "./residual.ts";
import { Sequential } from "./sequential.ts";

/** Options of {@link fromPattern}: sizes of layers, where the pattern does not give them. */
export interface FromPatternOptions extends PatternOptions {
  /** Filters of every CONV, or a function of its index n (from 0) and the number of POOLs before it. Default: 32 · 2^pools. */
  readonly filters?: number | ((n: number, pools: number) => number);
  /** Kernel size of every CONV, which is padded to keep the size of maps. Default: 3. */
  readonly kernelSize?: number;
  /** Kernel size and stride of every POOL. Default: 2. */
  readonly poolSize?: number;
  /** Units of every FC but the last. Default: 128. */
  readonly units?: number;
  /** Units of the last FC. Default: 10. */
  readonly classes?: number;
  /** What to do with rows and columns that the last window does not reach. Default: `"floor"`, which drops them. */
  readonly geometry?: GeometryMode;
}

/**
 * Makes a model from a pattern in the notation of CS231n. A CONV right before a NORM has no bias, since the NORM has one; an
 * `ADD[…]` that changes the shape gets a 1 × 1 convolution as a shortcut.
 *
 * @throws `ValueError` for a CONV or POOL after an FC or MEAN, which leave no height and width.
 *
 * @example
 * ```ts
 * fromPattern("INPUT -> [CONV -> RELU -> POOL]*2 -> FC -> RELU -> FC", { classes: 10 });
 * fromPattern("INPUT -> CONV5-6 pad 2 -> RELU -> POOL2 -> CONV5-16 pad 0 -> RELU -> POOL2 -> FC-120 -> RELU -> FC-10");
 * ```
 */
export function fromPattern(pattern: string | Pattern, options: FromPatternOptions = {}): Sequential {
  checkOptions("fromPattern", options, {
    ...patternChecks,
    filters: (value) => (typeof value === "function" ? undefined : countOption(value)),
    kernelSize: countOption,
    poolSize: countOption,
    units: countOption,
    classes: countOption,
    geometry: windowChecks.geometry,
  });
  const steps = stepsOfPattern(pattern, options);
  return new Sequential(new PatternBuilder(steps, options).layers(steps));
}

/** Makes the layers in order, from the input on. */
class PatternBuilder {
  readonly #options: FromPatternOptions;
  readonly #lastDense: PatternStep | undefined;
  #convolutions = 0;
  #pools = 0;
  /** Channels of the output so far; unknown for the input. */
  #channels: number | undefined;
  /** The word after which there is no height and width. */
  #flattened: "FC" | "MEAN" | undefined;

  constructor(steps: readonly PatternStep[], options: FromPatternOptions) {
    this.#options = options;
    this.#lastDense = steps.findLast(({ word }) => word === "FC");
  }

  layers(steps: readonly PatternStep[]): Layer[] {
    return steps.flatMap((step, i) => this.#layer(step, steps[i + 1]));
  }

  #layer(step: PatternStep, next: PatternStep | undefined): Layer[] {
    if (this.#flattened !== undefined && !["FC", "RELU", "NORM"].includes(step.word))
      throw new ValueError({
        operation: "fromPattern",
        problem: `a ${step.word} cannot follow ${this.#flattened === "FC" ? "an FC" : "a MEAN"}, which leaves no height and width`,
        fix: "put all FCs last",
      });
    switch (step.word) {
      case "CONV":
        return [this.#convolution(step.size, next?.word !== "NORM")];
      case "POOL":
        return [this.#pool(step.size)];
      case "FC":
        return this.#dense(step);
      case "ADD":
        return [this.#residual(step.body)];
      case "RELU":
        return [new ReLU()];
      case "NORM":
        return [new BatchNorm()];
      case "LRN":
        return [new LocalResponseNorm()];
      case "MEAN":
        this.#flattened = "MEAN";
        return [new GlobalAveragePool()];
    }
  }

  #convolution({ window, count, stride = 1, padding, groups = 1 }: PatternSize, bias: boolean): Conv2d {
    const { filters = (_, pools) => 32 * 2 ** pools, kernelSize = 3, geometry } = this.#options;
    const usual = typeof filters === "number" ? filters : filters(this.#convolutions, this.#pools);
    this.#convolutions++;
    this.#channels = count ?? usual;
    return new Conv2d({
      filters: this.#channels,
      kernelSize: window ?? kernelSize,
      stride,
      padding: padding ?? "same",
      groups,
      bias,
      geometry,
    });
  }

  #pool({ window, stride, padding = 0 }: PatternSize): Layer {
    const { poolSize = 2, geometry } = this.#options;
    this.#pools++;
    const kernelSize = window ?? poolSize;
    return new MaxPool2d({ kernelSize, stride: stride ?? kernelSize, padding, geometry });
  }

  #dense(step: PatternStep & { readonly size: PatternSize }): Layer[] {
    const { units = 128, classes = 10 } = this.#options;
    const dense = new Dense({ units: step.size.count ?? (step === this.#lastDense ? classes : units) });
    const flat = this.#flattened === undefined ? [new Flatten()] : [];
    this.#flattened = "FC";
    return [...flat, dense];
  }

  #residual(body: readonly PatternStep[]): Residual {
    const before = this.#channels;
    const made = new Sequential(this.layers(body));
    const stride = strideOf(body);
    if (stride === 1 && this.#channels === before) return new Residual({ body: made });
    const isNormed = body.some(({ word }) => word === "NORM");
    const past = new Conv2d({
      filters: this.#channels!,
      kernelSize: 1,
      stride,
      bias: !isNormed,
      geometry: this.#options.geometry,
    });
    return new Residual({ body: made, shortcut: new Sequential(isNormed ? [past, new BatchNorm()] : [past]) });
  }
}

/** The factor by which steps reduce height and width. */
const strideOf = (steps: readonly PatternStep[]): number =>
  steps.reduce((product, step) => {
    if (step.word === "ADD") return product * strideOf(step.body);
    return product * (step.size.stride ?? (step.word === "POOL" ? (step.size.window ?? 2) : 1));
  }, 1);
