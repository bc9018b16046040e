import { viewOf } from "../viewOf.ts";
import { BLOCK, type Component, type Frame } from "./frame.ts";
import { BitReader, HuffmanTable } from "./huffman.ts";
import { zigzag } from "./zigzag.ts";

/** The tables in effect at a scan. */
export interface Tables {
  /** Huffman tables: four for DC coefficients, four for AC. */
  readonly huffman: readonly (HuffmanTable | undefined)[];
  readonly quantization: readonly (Uint16Array | undefined)[];
  /** Minimum coded units between restart markers; 0 for none. */
  readonly restartInterval: number;
}

/** The header of a scan: its components, range of coefficients and range of bits. */
interface Scan {
  readonly components: readonly Coded[];
  /** The first and the last coefficient, in zigzag order. */
  readonly start: number;
  readonly end: number;
  /** The lowest bit of an earlier scan, 0 for none; the lowest bit of this one. */
  readonly high: number;
  readonly low: number;
}

/** A component in a scan. */
interface Coded {
  readonly component: Component;
  readonly coefficients: Int16Array;
  /** Its Huffman tables; one that the scan does not use may have no codes. */
  readonly dc: HuffmanTable;
  readonly ac: HuffmanTable;
  /** The previous DC coefficient; the file stores differences. */
  predicted: number;
}

/** A table without codes. */
const noCodes = /* @__PURE__ */ new HuffmanTable(/* @__PURE__ */ new Uint8Array(16), /* @__PURE__ */ new Uint8Array(0));

/** Adds the coefficients of a scan to the block at `at`. */
type ReadBlock = (coded: Coded, at: number) => void;

/**
 * Decodes a scan into the coefficients of its components.
 *
 * @throws `Error` if the scan is damaged, incomplete, or repeats bits of an earlier one.
 */
export function decodeScan(frame: Frame, header: Uint8Array, bytes: Uint8Array, tables: Tables): void {
  const scan = readHeader(frame, header, bytes, tables);
  const reader = new BitReader(bytes);
  const { readBlock, restart } = blockReader(frame, scan, reader);
  const only = scan.components.length === 1 ? scan.components[0] : undefined;
  const across = only?.component.blocksAcross ?? frame.unitsAcross;
  const units = across * (only?.component.blocksDown ?? frame.unitsDown);
  for (let unit = 0; unit < units; unit++) {
    if (tables.restartInterval > 0 && unit > 0 && unit % tables.restartInterval === 0) {
      reader.restart();
      restart();
    }
    const row = Math.floor(unit / across);
    const column = unit % across;
    // A scan of one component stores its blocks without those that pad minimum coded units.
    if (only !== undefined) readBlock(only, (row * only.component.blocksInRow + column) * BLOCK);
    else
      for (const coded of scan.components) {
        const { h, v, blocksInRow } = coded.component;
        for (let y = 0; y < v; y++)
          for (let x = 0; x < h; x++) readBlock(coded, ((row * v + y) * blocksInRow + column * h + x) * BLOCK);
      }
  }
}

function readHeader(frame: Frame, header: Uint8Array, bytes: Uint8Array, tables: Tables): Scan {
  const count = header[0] ?? 0;
  if (count < 1 || count > frame.components.length || header.length !== 4 + 2 * count)
    throw new Error("the header of a scan has a wrong length");
  const view = viewOf(header);
  const [start, end] = [view.getUint8(1 + 2 * count), view.getUint8(2 + 2 * count)];
  const bits = view.getUint8(3 + 2 * count);
  const [high, low] = [bits >> 4, bits & 15];
  const isWhole = start === 0 && end === BLOCK - 1 && bits === 0;
  const isPart = start === 0 ? end === 0 : start <= end && end < BLOCK && count === 1;
  if (!(frame.isProgressive ? isPart && low <= 13 : isWhole)) throw new Error("a scan holds unknown coefficients");
  const selected = Array.from({ length: count }, (_, i) => {
    const component = frame.components.find(({ id }) => id === view.getUint8(1 + 2 * i));
    if (component === undefined) throw new Error("a scan holds an unknown colour");
    return { component, tables: view.getUint8(2 + 2 * i) };
  });
  // Each bit may be read once, so that the size of the image bounds the work.
  for (const { component } of selected)
    for (let k = start; k <= end; k++) {
      if (component.lowest[k] !== (high === 0 ? -1 : high) || (high !== 0 && low !== high - 1))
        throw new Error("scans do not follow each other");
      component.lowest[k] = low;
    }
  // The first scan of a block takes at least one bit.
  const blocks = selected.reduce((sum, { component: c }) => sum + c.blocksAcross * c.blocksDown, 0);
  if (start === 0 && high === 0 && blocks > 8 * bytes.length) throw new Error("pixels are missing");
  const components = selected.map(({ component, tables: places }): Coded => {
    const coefficients = (component.coefficients ??= new Int16Array(
      component.blocksInRow * component.blockRows * BLOCK,
    ));
    component.quantization ??= tables.quantization[component.table];
    const [dc, ac] = [tables.huffman[(places >> 4) & 3], tables.huffman[4 + (places & 3)]];
    if ((start === 0 && high === 0 && dc === undefined) || (end > 0 && ac === undefined))
      throw new Error("a Huffman table is missing");
    return { component, coefficients, dc: dc ?? noCodes, ac: ac ?? noCodes, predicted: 0 };
  });
  return { components, start, end, high, low };
}

/** Decodes the blocks of a scan; `restart` resets its state. */
function blockReader(frame: Frame, scan: Scan, reader: BitReader): { readBlock: ReadBlock; restart: () => void } {
  const { start, end, high, low } = scan;
  /** Remaining blocks of a run without further coefficients. */
  let run = 0;
  const restart = (): void => {
    run = 0;
    for (const coded of scan.components) coded.predicted = 0;
  };

  function first(coded: Coded, at: number): void {
    const length = coded.dc.take(reader);
    if (length > 15) throw new Error("a coefficient is too large");
    coded.predicted += reader.takeSigned(length);
    coded.coefficients[at] = coded.predicted << low;
  }
  function firstAgain({ coefficients }: Coded, at: number): void {
    coefficients[at]! |= reader.take(1) << low;
  }
  function others({ ac, coefficients }: Coded, at: number): void {
    if (run > 0) {
      run--;
      return;
    }
    for (let k = Math.max(1, start); k <= end; k++) {
      const code = ac.take(reader);
      const zeros = code >> 4;
      const length = code & 15;
      if (length === 0 && zeros < 15) {
        run = (1 << zeros) - 1 + reader.take(zeros);
        return;
      }
      k += zeros;
      if (k > end) throw new Error("a block has too many coefficients");
      if (length > 0) coefficients[at + zigzag[k]!] = reader.takeSigned(length) << low;
    }
  }
  /** Adds one bit to a nonzero coefficient, away from zero. */
  function refine(coefficients: Int16Array, place: number): void {
    if (reader.take(1) === 0 || (coefficients[place]! & (1 << low)) !== 0) return;
    coefficients[place]! += coefficients[place]! < 0 ? -1 << low : 1 << low;
  }
  function othersAgain({ ac, coefficients }: Coded, at: number): void {
    let k = start;
    for (; run === 0 && k <= end; k++) {
      const code = ac.take(reader);
      let zeros = code >> 4;
      const length = code & 15;
      if (length === 0 && zeros < 15) {
        run = (1 << zeros) + reader.take(zeros);
        break;
      }
      if (length > 1) throw new Error("a coefficient has too many bits");
      const value = length === 0 ? 0 : reader.take(1) === 1 ? 1 << low : -1 << low;
      for (; k <= end; k++) {
        const place = at + zigzag[k]!;
        if (coefficients[place] !== 0) refine(coefficients, place);
        else if (zeros-- === 0) break;
      }
      if (value === 0) continue;
      if (k > end) throw new Error("a block has too many coefficients");
      coefficients[at + zigzag[k]!] = value;
    }
    if (run === 0) return;
    run--;
    for (; k <= end; k++) if (coefficients[at + zigzag[k]!] !== 0) refine(coefficients, at + zigzag[k]!);
  }

  if (!frame.isProgressive)
    return {
      restart,
      readBlock(coded, at) {
        first(coded, at);
        others(coded, at);
      },
    };
  if (start === 0) return { restart, readBlock: high === 0 ? first : firstAgain };
  return { restart, readBlock: high === 0 ? others : othersAgain };
}
