import { arrayOf } from "../src/assembler/encoding.ts";
import type { FunctionWriter } from "../src/assembler/function.ts";

/** An instruction: its name, number of operands, number of immediates, and whether it has no result. */
type Entry = readonly [name: string, operands: number, immediates?: number, leaves?: "nothing"];

/** Instructions by opcode; those with the SIMD prefix by the number after it. */
const plain: Readonly<Record<number, Entry>> = {
  0x0d: ["br_if", 1, 1, "nothing"],
  0x1b: ["select", 3],
  0x28: ["i32.load", 1, 2],
  0x2a: ["f32.load", 1, 2],
  0x38: ["f32.store", 2, 2, "nothing"],
  0x49: ["i32.lt_u", 2],
  0x5b: ["f32.eq", 2],
  0x6a: ["i32.add", 2],
  0x6b: ["i32.sub", 2],
  0x6c: ["i32.mul", 2],
  0x6e: ["i32.div_u", 2],
  0x8b: ["f32.abs", 1],
  0x8c: ["f32.neg", 1],
  0x91: ["f32.sqrt", 1],
  0x92: ["f32.add", 2],
  0x93: ["f32.sub", 2],
  0x94: ["f32.mul", 2],
  0x95: ["f32.div", 2],
  0x96: ["f32.min", 2],
  0x97: ["f32.max", 2],
};
const bulk: Readonly<Record<number, Entry>> = { 0x0b: ["memory.fill", 3, 1, "nothing"] };
const simd: Readonly<Record<number, Entry>> = {
  0x00: ["v128.load", 1, 2],
  0x09: ["v128.load32_splat", 1, 2],
  0x0b: ["v128.store", 2, 2, "nothing"],
  0x0d: ["i8x16.shuffle", 2, 16],
  0x11: ["i32x4.splat", 1],
  0x13: ["f32x4.splat", 1],
  0x1b: ["i32x4.extract_lane", 1, 1],
  0x1f: ["f32x4.extract_lane", 1, 1],
  0x41: ["f32x4.eq", 2],
  0x42: ["f32x4.ne", 2],
  0x44: ["f32x4.gt", 2],
  0x46: ["f32x4.ge", 2],
  0x47: ["f64x2.eq", 2],
  0x48: ["f64x2.ne", 2],
  0x49: ["f64x2.lt", 2],
  0x4c: ["f64x2.ge", 2],
  0x4e: ["v128.and", 2],
  0x4f: ["v128.andnot", 2],
  0x50: ["v128.or", 2],
  0x51: ["v128.xor", 2],
  0x52: ["v128.bitselect", 3],
  0x53: ["v128.any_true", 1],
  0x5a: ["v128.store32_lane", 2, 3, "nothing"],
  0x5c: ["v128.load32_zero", 1, 2],
  0x5e: ["f32x4.demote_f64x2_zero", 1],
  0x5f: ["f64x2.promote_low_f32x4", 1],
  0x68: ["f32x4.floor", 1],
  0x69: ["f32x4.trunc", 1],
  0x94: ["f64x2.nearest", 1],
  0xab: ["i32x4.shl", 2],
  0xac: ["i32x4.shr_s", 2],
  0xad: ["i32x4.shr_u", 2],
  0xae: ["i32x4.add", 2],
  0xb1: ["i32x4.sub", 2],
  0xcb: ["i64x2.shl", 2],
  0xcc: ["i64x2.shr_s", 2],
  0xce: ["i64x2.add", 2],
  0xd1: ["i64x2.sub", 2],
  0xe0: ["f32x4.abs", 1],
  0xe1: ["f32x4.neg", 1],
  0xe3: ["f32x4.sqrt", 1],
  0xe4: ["f32x4.add", 2],
  0xe5: ["f32x4.sub", 2],
  0xe6: ["f32x4.mul", 2],
  0xe7: ["f32x4.div", 2],
  0xe8: ["f32x4.min", 2],
  0xe9: ["f32x4.max", 2],
  0xea: ["f32x4.pmin", 2],
  0xeb: ["f32x4.pmax", 2],
  0xec: ["f64x2.abs", 1],
  0xed: ["f64x2.neg", 1],
  0xf0: ["f64x2.add", 2],
  0xf1: ["f64x2.sub", 2],
  0xf2: ["f64x2.mul", 2],
  0xf3: ["f64x2.div", 2],
  0xf4: ["f64x2.min", 2],
  0xf5: ["f64x2.max", 2],
  0xf8: ["i32x4.trunc_sat_f32x4_s", 1],
  0xfa: ["f32x4.convert_i32x4_s", 1],
  0x105: ["f32x4.relaxed_madd", 3],
};

/** Reader of the bytes of a function. */
class Reader {
  readonly #view: DataView;
  #at = 0;

  constructor(code: string) {
    this.#view = new DataView(arrayOf(code).buffer);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#view.byteLength;
  }

  byte(): number {
    return this.#view.getUint8(this.#at++);
  }

  float(): number {
    return this.#view.getFloat32((this.#at += 4) - 4, true);
  }

  /** Reads an unsigned integer (LEB128). */
  whole(): number {
    const byte = this.byte();
    return byte < 0x80 ? byte : ((byte & 0x7f) | (this.whole() << 7)) >>> 0;
  }

  /** Reads a signed integer (LEB128). */
  signed(): number {
    const byte = this.byte();
    return byte < 0x80 ? (byte << 25) >> 25 : (byte & 0x7f) | (this.signed() << 7);
  }
}

/** Lines of a function, decoded from its bytes, so that they show what an engine receives. */
function linesOf(f: FunctionWriter): string[] {
  const nameOf = (index: number): string => `$${index}`;
  const lines = f.locals.map(({ type }, i) => `    (local ${nameOf(f.parameters.length + i)} ${type})`);
  const reader = new Reader(f.bytes);
  // The types of the locals, each with a count before it.
  for (let left = 2 * reader.whole(); left > 0; left--) reader.byte();

  let depth = 2;
  /** Values on the stack. */
  const values: string[] = [];
  const taken = (count: number): string[] => values.splice(values.length - count);
  const write = (line: string): void => void lines.push("  ".repeat(depth) + line);
  const begin = (name: string, operands: number): void => {
    reader.byte();
    write(`(${[name, ...taken(operands)].join(" ")}`);
    depth++;
  };
  const special: Readonly<Record<number, () => void>> = {
    0x03: () => begin("loop", 0),
    0x04: () => begin("if", 1),
    0x0b: () => {
      depth--;
      write(")");
    },
    0x10: () => {
      const index = reader.whole();
      write(`(${["call", index, ...taken(f.inner[index - 1]!.parameters.length)].join(" ")})`);
    },
    0x20: () => values.push(`(local.get ${nameOf(reader.whole())})`),
    0x21: () => write(`(local.set ${nameOf(reader.whole())} ${taken(1).join()})`),
    0x41: () => values.push(`(i32.const ${reader.signed()})`),
    0x43: () => values.push(`(f32.const ${reader.float()})`),
  };
  const ordinary = (code: number, table: Readonly<Record<number, Entry>>): void => {
    const entry = table[code];
    if (entry === undefined) throw new Error(`the opcode 0x${code.toString(16)} has no name here; add it to the table`);
    const [name, operands, count = 0, leaves] = entry;
    let immediates: (number | string)[] = Array.from({ length: count }, () => reader.whole());
    if (/load|store/.test(name)) {
      const [, offset, ...others] = immediates;
      immediates = [...(offset === 0 ? [] : [`offset=${offset}`]), ...others];
    }
    const text = `(${[name, ...immediates, ...taken(operands)].join(" ")})`;
    if (leaves === "nothing") write(text);
    else values.push(text);
  };
  const wide = (code: number): void => {
    if (code === 0x0c) values.push(`(v128.const f32x4 ${[1, 2, 3, 4].map(() => reader.float()).join(" ")})`);
    else ordinary(code, simd);
  };
  while (!reader.isAtEnd) {
    const code = reader.byte();
    if (code === 0xfd) wide(reader.whole());
    else if (code === 0xfc) ordinary(reader.whole(), bulk);
    else if (code in special) special[code]!();
    else ordinary(code, plain);
  }
  return lines;
}

/** Text format of a module with one function and those that it calls. */
export function textOf(f: FunctionWriter): string {
  const functions = [f, ...f.inner].map((each) => {
    const parameters = each.parameters.map((_, i) => ` (param $${i} i32)`).join("");
    const exported = each === f ? ` (export "0")` : "";
    return [`  (func $${each.name}${exported}${parameters}`, ...linesOf(each)].join("\n");
  });
  return `(module\n  (import "convlens" "memory" (memory 0))\n${functions.join("\n")}\n)`;
}
