/** How numbers are written in a WebAssembly module. */

/** An unsigned whole number, seven bits to the byte (LEB128). */
export function unsigned(n: number): number[] {
  const bytes: number[] = [];
  let rest = n >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** A signed whole number of 32 bits (LEB128). */
export function signed(n: number): number[] {
  const bytes: number[] = [];
  let rest = n | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

/** A float32, little-endian. */
export const float = (x: number): number[] => {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, x, true);
  return [0, 1, 2, 3].map((i) => view.getUint8(i));
};

/** A list: its length, then its parts. */
export const vector = (parts: readonly (readonly number[])[]): number[] => [...unsigned(parts.length), ...parts.flat()];

/** Bytes after their number. */
export const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];

/** A name. */
export const text = (name: string): number[] => sized([...new TextEncoder().encode(name)]);
