import {
  booleanOption,
  numberFrom,
  pool2dGeometry,
  type GeometryMode,
  type OptionCheck,
  type OptionChecks,
} from "@convlens/backend";
import { operand, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { averagePool2d, lpPool2d } from "./averagePool2d.ts";
import { maxPool2d, type Pool2dOptions } from "./maxPool2d.ts";
import { asImage, asSignal, onWidth, padWidth, type Padding1d } from "./oneDimension.ts";
import { checkWindow, countOption, signalChecks } from "./options.ts";

/** Options of pooling of a signal. */
export interface Pool1dOptions {
  /** Length of the window, which is also the default stride. */
  readonly kernelSize: number;
  readonly stride?: number | undefined;
  readonly padding?: Padding1d | undefined;
  readonly dilation?: number | undefined;
  readonly geometry?: GeometryMode | undefined;
}

const poolChecks = { ...signalChecks, kernelSize: countOption } as const;

/** Pools a signal as an image of height 1. */
function along<O extends Pool1dOptions>(
  operation: string,
  x: Operand,
  given: O,
  checks: OptionChecks<O> & { readonly kernelSize: OptionCheck },
  pool: (x: Tensor, options: Pool2dOptions) => Tensor,
): Tensor {
  checkWindow(operation, given, checks);
  const { kernelSize, stride = kernelSize, padding = 0, dilation = 1, geometry } = given;
  const image = asImage(operation, operand(x));
  const options = {
    kernelSize: onWidth(kernelSize),
    stride: onWidth(stride),
    padding: padWidth(padding),
    dilation: onWidth(dilation),
    geometry,
  };
  pool2dGeometry(image.shape, options, operation);
  return asSignal(pool(image, options));
}

/**
 * Maximum under each window of a signal, for each channel: `[n, l, c] → [n, ol, c]`. See {@link maxPool2d}.
 *
 * @example
 * ```ts
 * maxPool1d(tensor([1, 3, 2, 0], [1, 4, 1]), { kernelSize: 2 }); // 3, 2
 * ```
 */
export const maxPool1d = (x: Operand, options: Pool1dOptions): Tensor =>
  along("maxPool1d", x, options, poolChecks, maxPool2d);

/** Mean under each window of a signal: `[n, l, c] → [n, ol, c]`. See {@link averagePool2d}. */
export const averagePool1d = (
  x: Operand,
  options: Pool1dOptions & { readonly countPadding?: boolean | undefined },
): Tensor =>
  along("averagePool1d", x, options, { ...poolChecks, countPadding: booleanOption }, (image, window) =>
    averagePool2d(image, { ...window, countPadding: options.countPadding }),
  );

/** p-norm under each window of a signal: `[n, l, c] → [n, ol, c]`. See {@link lpPool2d}. */
export const lpPool1d = (x: Operand, options: Pool1dOptions & { readonly p?: number | undefined }): Tensor =>
  along("lpPool1d", x, options, { ...poolChecks, p: numberFrom(1) }, (image, window) =>
    lpPool2d(image, { ...window, p: options.p }),
  );
