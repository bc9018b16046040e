import { booleanOption, numberAbove, ShapeError, showShape } from "@convlens/backend";
import {
  averagePool1d,
  averagePool2d,
  lpPool1d,
  lpPool2d,
  max,
  maxPool1d,
  maxPool2d,
  mean,
  type AveragePool2dOptions,
  type LpPool2dOptions,
  type Pool1dOptions,
  type Pool2dOptions,
  type Tensor,
} from "@convlens/tensor";
import { run, type Layer, type Mode } from "./layer.ts";
import { checkNoOptions, checkPooling, countOption, pairFrom, signalChecks, windowChecks } from "./optionChecks.ts";

/** The largest under each window of an image, channel by channel: `[n, h, w, c] → [n, oh, ow, c]`. */
export class MaxPool2d implements Layer {
  readonly options: Pool2dOptions;
  constructor(options: Pool2dOptions) {
    checkPooling("MaxPool2d", options, { kernelSize: pairFrom(1), ...windowChecks });
    this.options = { ...options };
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => maxPool2d(x, this.options));
  }
}

/** The mean under each window of an image, channel by channel: `[n, h, w, c] → [n, oh, ow, c]`. */
export class AveragePool2d implements Layer {
  readonly options: AveragePool2dOptions;
  constructor(options: AveragePool2dOptions) {
    checkPooling("AveragePool2d", options, { kernelSize: pairFrom(1), ...windowChecks, countPadding: booleanOption });
    this.options = { ...options };
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => averagePool2d(x, this.options));
  }
}

/** The p-norm of each window of an image, channel by channel: `[n, h, w, c] → [n, oh, ow, c]`. */
export class LpPool2d implements Layer {
  readonly options: LpPool2dOptions;
  constructor(options: LpPool2dOptions) {
    checkPooling("LpPool2d", options, { kernelSize: pairFrom(1), ...windowChecks, p: numberAbove(0) });
    this.options = { ...options };
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => lpPool2d(x, this.options));
  }
}

/** The largest under each window of a signal: `[n, l, c] → [n, ol, c]`. */
export class MaxPool1d implements Layer {
  readonly options: Pool1dOptions;
  constructor(options: Pool1dOptions) {
    checkPooling("MaxPool1d", options, { kernelSize: countOption, ...signalChecks });
    this.options = { ...options };
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => maxPool1d(x, this.options));
  }
}

/** The mean under each window of a signal: `[n, l, c] → [n, ol, c]`. */
export class AveragePool1d implements Layer {
  readonly options: Parameters<typeof averagePool1d>[1];
  constructor(options: Parameters<typeof averagePool1d>[1]) {
    checkPooling("AveragePool1d", options, { kernelSize: countOption, ...signalChecks, countPadding: booleanOption });
    this.options = { ...options };
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => averagePool1d(x, this.options));
  }
}

/** The p-norm of each window of a signal: `[n, l, c] → [n, ol, c]`. */
export class LpPool1d implements Layer {
  readonly options: Parameters<typeof lpPool1d>[1];
  constructor(options: Parameters<typeof lpPool1d>[1]) {
    checkPooling("LpPool1d", options, { kernelSize: countOption, ...signalChecks, p: numberAbove(0) });
    this.options = { ...options };
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => lpPool1d(x, this.options));
  }
}

/** The axes of place: all but the batch and the channels. */
function places(x: Tensor): number[] {
  if (x.rank < 3)
    throw new ShapeError(
      `expected maps [batch, height, width, channels] or [batch, length, channels], got ${showShape(x.shape)}`,
      {
        expected: "[batch, …, channels]",
        got: x.shape,
      },
    );
  return x.shape.map((_, axis) => axis).slice(1, -1);
}

/** The largest of each whole map: `[n, …, c] → [n, c]`. */
export class GlobalMaxPool implements Layer {
  constructor(...none: readonly never[]) {
    checkNoOptions("GlobalMaxPool", none);
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => max(x, places(x)));
  }
}

/** The mean of each whole map: `[n, …, c] → [n, c]`. */
export class GlobalAveragePool implements Layer {
  constructor(...none: readonly never[]) {
    checkNoOptions("GlobalAveragePool", none);
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => mean(x, places(x)));
  }
}
