import { spanOf, type Sliding } from "@convlens/backend";
import { plus, type Pointer } from "../../assembler/expression.ts";
import type { FunctionWriter } from "../../assembler/function.ts";
import { writeCopyRows } from "../rows.ts";
import type { ImageGeometry } from "./convolver.ts";

/** An image [height, width, channels] with its padding, if it has any. */
export interface Padded {
  readonly isPadded: boolean;
  /** Numbers that it takes: whole cache lines, with room for a vector that begins in it. */
  readonly length: number;
  readonly rowStep: number;
  readonly imageStep: number;
  /** Writes: copies an image into a buffer of zeros, if it is padded; returns the address to read from. */
  readonly enter: (f: FunctionWriter, image: Pointer, buffer: Pointer) => Pointer;
  /** Writes: copies the image inside the padding back. */
  readonly leave: (f: FunctionWriter, buffer: Pointer, image: Pointer) => void;
}

/** The input of a convolution with its padding. */
export function paddedOf({ height, width, inChannels }: ImageGeometry): Padded {
  const reach = (s: Sliding): number => Math.max(s.before + s.input, (s.output - 1) * s.stride + spanOf(s));
  const [rows, columns] = [reach(height), reach(width)];
  const isPadded = rows !== height.input || columns !== width.input;
  const own = { rows: height.input, length: width.input * inChannels };
  const [plain, padded] = [width.input * inChannels, columns * inChannels];
  const inside = height.before * padded + width.before * inChannels;
  return {
    isPadded,
    length: isPadded ? Math.ceil((rows * columns * inChannels + 3) / 16) * 16 : 0,
    rowStep: padded,
    imageStep: height.input * width.input * inChannels,
    enter: (f, image, buffer) => {
      if (!isPadded) return image;
      const [from, to] = [f.keep(image), f.keep(plus(buffer, inside))];
      writeCopyRows(f, { ...own, fromStep: plain, toStep: padded }, from, to);
      return buffer;
    },
    leave: (f, buffer, image) => {
      const [from, to] = [f.keep(plus(buffer, inside)), f.keep(image)];
      writeCopyRows(f, { ...own, fromStep: padded, toStep: plain }, from, to);
    },
  };
}
