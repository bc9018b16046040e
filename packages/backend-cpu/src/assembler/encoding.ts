// Parts of a module are strings with a character for each byte. Engines concatenate strings quickly even in code that has never run
// before, which is slow at everything else.

/** Bytes. */
export const bytes = (...values: readonly number[]): string => String.fromCharCode(...values);

/** An unsigned whole number, seven bits per byte (LEB128). */
export function unsigned(n: number): string {
  const rest = n >>> 0;
  if (rest < 1 << 7) return String.fromCharCode(rest);
  if (rest < 1 << 14) return String.fromCharCode((rest & 0x7f) | 0x80, rest >>> 7);
  return String.fromCharCode((rest & 0x7f) | 0x80) + unsigned(rest >>> 7);
}

/** A signed whole number of 32 bits (LEB128). */
export function signed(n: number): string {
  const rest = n | 0;
  if (rest <= 0x3f && rest >= -0x40) return String.fromCharCode(rest & 0x7f);
  return String.fromCharCode((rest & 0x7f) | 0x80) + signed(rest >> 7);
}

const view = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(4));
/** A float32, little-endian. */
export function float(x: number): string {
  view.setFloat32(0, x);
  return bytes(view.getUint8(3), view.getUint8(2), view.getUint8(1), view.getUint8(0));
}

/** A part of any length, or an ASCII name, after its length. */
export const sized = (part: string): string => unsigned(part.length) + part;

/** A list: its length, then its parts. */
export const list = (...parts: readonly string[]): string => unsigned(parts.length) + parts.join("");

/** Converts a string to bytes. */
export function arrayOf(all: string): Uint8Array<ArrayBuffer> {
  const array = new Uint8Array(all.length);
  for (let i = 0; i < array.length; i++) array[i] = all.charCodeAt(i);
  return array;
}
