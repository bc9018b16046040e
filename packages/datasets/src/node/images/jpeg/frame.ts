import { viewOf } from "../viewOf.ts";

/** Number of coefficients of a block. */
export const BLOCK = 64;

/** A colour component of an image: its size and the coefficients of its blocks. */
export interface Component {
  readonly id: number;
  /** Sampling factors: blocks of this component in a minimum coded unit, horizontally and vertically. */
  readonly h: number;
  readonly v: number;
  /** Index of its quantization table. */
  readonly table: number;
  /** Size in samples, and in the blocks that hold them. */
  readonly width: number;
  readonly height: number;
  readonly blocksAcross: number;
  readonly blocksDown: number;
  /** Size of the memory in blocks, which holds whole minimum coded units. */
  readonly blocksInRow: number;
  readonly blockRows: number;
  /** The coefficients, block by block; allocated at the first scan of the component. */
  coefficients: Int16Array | undefined;
  /** Its quantization table at that scan. */
  quantization: Uint16Array | undefined;
  /** The lowest bit read of each coefficient, or −1. */
  readonly lowest: Int8Array;
}

/** The header of a frame. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly isProgressive: boolean;
  /** The largest `h` and `v`. */
  readonly maxH: number;
  readonly maxV: number;
  readonly unitsAcross: number;
  readonly unitsDown: number;
  readonly components: readonly Component[];
}

/**
 * Reads the header of a frame.
 *
 * @throws `Error` if it is invalid.
 */
export function readFrame(data: Uint8Array, isProgressive: boolean): Frame {
  const count = data[5] ?? 0;
  if (data.length !== 6 + 3 * count) throw new Error("its header has a wrong length");
  if (count !== 1 && count !== 3 && count !== 4) throw new Error(`it has ${count} colours`);
  const view = viewOf(data);
  const [height, width] = [view.getUint16(1), view.getUint16(3)];
  const parts = Array.from({ length: count }, (_, i) => {
    const sampling = view.getUint8(7 + 3 * i);
    return { id: view.getUint8(6 + 3 * i), h: sampling >> 4, v: sampling & 15, table: view.getUint8(8 + 3 * i) };
  });
  if (parts.some(({ h, v, table }) => h < 1 || h > 4 || v < 1 || v > 4 || table > 3))
    throw new Error("a colour has a wrong sampling factor or table");
  if (new Set(parts.map(({ id }) => id)).size < count) throw new Error("two colours have one name");
  const [maxH, maxV] = [Math.max(...parts.map(({ h }) => h)), Math.max(...parts.map(({ v }) => v))];
  const [unitsAcross, unitsDown] = [Math.ceil(width / (8 * maxH)), Math.ceil(height / (8 * maxV))];
  const components = parts.map((part): Component => {
    const [across, down] = [Math.ceil((width * part.h) / maxH), Math.ceil((height * part.v) / maxV)];
    return {
      ...part,
      width: across,
      height: down,
      blocksAcross: Math.ceil(across / 8),
      blocksDown: Math.ceil(down / 8),
      blocksInRow: unitsAcross * part.h,
      blockRows: unitsDown * part.v,
      coefficients: undefined,
      quantization: undefined,
      lowest: new Int8Array(BLOCK).fill(-1),
    };
  });
  return { width, height, isProgressive, maxH, maxV, unitsAcross, unitsDown, components };
}
