import { spanOf, type Conv2dGeometry, type Sliding } from "@convlens/backend";
import { int, type Local } from "../../assembler/expression.ts";
import { i32 } from "../../assembler/instructions.ts";
import type { FunctionWriter } from "../../assembler/function.ts";
import { writeCopyRows } from "../rows.ts";

type Address = Local<"i32">;

/** An image [height, width, channels] with its padding around it, if it has any. Steps are in bytes. */
export interface Padded {
  readonly isPadded: boolean;
  /** Numbers that it takes: whole cache lines, with room for a vector that begins in it. */
  readonly length: number;
  readonly rowStep: number;
  readonly imageStep: number;
  /** Writes: copies an image into a buffer of zeros, if it is padded; gives the address to read from. */
  readonly enter: (f: FunctionWriter, image: Address, buffer: Address) => Address;
  /** Writes: copies what is inside the padding back. */
  readonly leave: (f: FunctionWriter, buffer: Address, image: Address) => void;
}

/** The input of a convolution with its padding. */
export function paddedOf({ height, width, inChannels }: Conv2dGeometry): Padded {
  const reach = (s: Sliding): number => Math.max(s.before + s.input, (s.output - 1) * s.stride + spanOf(s));
  const [rows, columns] = [reach(height), reach(width)];
  const isPadded = rows !== height.input || columns !== width.input;
  const own = { rows: height.input, length: width.input * inChannels };
  const [plain, padded] = [4 * width.input * inChannels, 4 * columns * inChannels];
  const inside = height.before * padded + 4 * width.before * inChannels;
  return {
    isPadded,
    length: isPadded ? Math.ceil((rows * columns * inChannels + 3) / 16) * 16 : 0,
    rowStep: padded,
    imageStep: 4 * height.input * width.input * inChannels,
    enter: (f, image, buffer) => {
      if (!isPadded) return image;
      const [from, to] = [f.keep("from", image), f.keep("inside", i32.add(buffer, int(inside)))];
      writeCopyRows(f, { ...own, fromStep: plain, toStep: padded }, from, to);
      return buffer;
    },
    leave: (f, buffer, image) => {
      const [from, to] = [f.keep("inside", i32.add(buffer, int(inside))), f.keep("to", image)];
      writeCopyRows(f, { ...own, fromStep: padded, toStep: plain }, from, to);
    },
  };
}
