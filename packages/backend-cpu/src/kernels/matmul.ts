import { sizeOf } from "@convlens/backend";
import { strided } from "../callList.ts";
import type { FunctionWriter, Machine } from "../assembler/function.ts";
import type { Pointers } from "../assembler/expression.ts";
import { defineFunction } from "../defineFunction.ts";
import { after, NOWHERE, type Address } from "../heap.ts";
import type { Runtime, CpuKernel } from "../runtime.ts";
import { epilogueOf, writeProduct, type Epilogue, type ProductShape } from "./product.ts";
import { writeCopyRows } from "./rows.ts";
import { splitCalls } from "./splitCalls.ts";
import { panelLength, panelWidth, writePack, type PanelShape } from "./panels.ts";

/** A product of matrices a [m, k] and b [k, n], each of which may be transposed in memory. */
export interface MatrixProduct {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly epilogue?: Epilogue | undefined;
}

/** Numbers of a that are multiplied by all of b before the next ones, so that they stay in the cache; and at most how many rows. */
const BLOCK_NUMBERS = 32_768;
/** Tiles of 4 and of 6 rows divide it. */
const BLOCK_ROWS = 120;
/** Terms of a product that are summed before the next ones: those of a tile and of a panel fit in the nearest cache. */
const TERMS = 512;
/** Products of terms that are worth a call. */
const TASK = 250_000;
/** Number of rows up to which packing b would take longer than the product. */
const FEW_ROWS = 4;

/** Addresses of the operands. */
interface Operands {
  readonly a: Address;
  readonly b: Address;
  readonly y: Address;
  readonly bias: Address;
}

const productOf = ({ m, k, n, transposeA, epilogue }: MatrixProduct): ProductShape => ({
  rows: m,
  rowStep: transposeA ? 1 : k,
  resultStep: n,
  columns: n,
  terms: [{ count: k, step: transposeA ? m : 1 }],
  ...epilogueOf(epilogue),
});
/** Some columns of b, for {@link writePack}. */
const columnsOf = (machine: Machine, { k, n, transposeB }: MatrixProduct, columns: number): PanelShape => ({
  terms: k,
  columns,
  ...(transposeB ? { termStep: 1, columnStep: k } : { termStep: n, columnStep: 1 }),
  width: panelWidth(machine, n),
});

/** A product, of which a function computes or packs some rows or columns. */
interface Part {
  readonly product: MatrixProduct;
  readonly count: number;
}

const fewRowsFunction = defineFunction({
  name: "matmul few rows",
  write: (f, { product, count }: Part, a, b, y, bias) => {
    const width = widthOf(f.machine, product);
    const panels = { width, termStep: product.n, step: width };
    writeProduct(f, { ...productOf(product), columns: count, panels }, { a, b, c: y, bias });
  },
  work: ({ product: { m, k }, count }) => m * k * count,
});
/** Columns of a tile: the fewer rows it has, the more columns. */
const widthOf = ({ tile }: Machine, { m }: MatrixProduct): number => (m === 1 ? 32 : m === 2 ? 16 : tile.columns);

/** A product of few rows. b is read in place. */
function fewRows(runtime: Runtime, product: MatrixProduct): (at: Operands) => void {
  const { m, k, n } = product;
  const width = widthOf(runtime.machine, product);
  const each = runtime.threads > 1 ? Math.min(n, width * Math.ceil(TASK / (m * Math.max(1, k) * width))) : n;
  const run = splitCalls(n, each, (count) => runtime.compile(fewRowsFunction, { product, count }));
  return ({ a, b, y, bias }) => run(a, strided(b, each), strided(y, each), strided(bias, each));
}

const packFunction = defineFunction({
  name: "matmul pack",
  write: (f, shape: PanelShape, b, panels) => writePack(f, shape, b, panels),
  work: ({ terms, columns }) => 4 * terms * columns,
});

const manyRowsFunction = defineFunction({
  name: "matmul",
  write: (f, { product, count }: Part, a, panels, y, bias, strip) => {
    const { k } = product;
    const { parts, terms } = partsOf(product);
    const some = (length: number, position: Pick<SomeTerms, "isFirst" | "isLast">): void =>
      writeSomeTerms(f, { product, count, length, ...position }, { a, panels, y, bias, strip });
    if (parts > 1) {
      some(terms, { isFirst: true, isLast: false });
      f.times(parts - 2, () => some(terms, { isFirst: false, isLast: false }));
    }
    some(k - (parts - 1) * terms, { isFirst: parts === 1, isLast: true });
  },
  work: ({ product: { k, n }, count }) => count * k * n,
});
/** A division of the terms of a product: the number of parts, and the terms of all but the last. */
function partsOf({ k }: MatrixProduct): { readonly parts: number; readonly terms: number } {
  const parts = Math.max(1, Math.ceil(k / TERMS));
  return { parts, terms: Math.ceil(k / parts) };
}

/** Some terms of a part. */
interface SomeTerms extends Part {
  readonly length: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** Writes: adds the products of `length` terms to some rows; moves a and the panels on. */
function writeSomeTerms(
  f: FunctionWriter,
  { product: { m, k, n, transposeA, epilogue }, count, length, isFirst, isLast }: SomeTerms,
  { a, panels, y, bias, strip }: Pointers<"a" | "panels" | "y" | "bias" | "strip">,
): void {
  // Columns are copied to a strip, where they lie close together.
  if (transposeA) {
    const rows = { rows: length, length: count, fromStep: m, toStep: count };
    writeCopyRows(f, rows, f.keep(a), f.keep(strip));
  }
  const { bias: hasBias, relu } = epilogueOf(epilogue);
  const width = panelWidth(f.machine, n);
  const shape: ProductShape = {
    rows: count,
    rowStep: transposeA ? 1 : k,
    resultStep: n,
    columns: n,
    terms: [{ count: length, step: transposeA ? count : 1 }],
    panels: { width, termStep: width, step: width * k },
    bias: hasBias && isFirst,
    relu: relu && isLast,
    accumulate: !isFirst,
  };
  writeProduct(f, shape, {
    a: transposeA ? strip : f.keep(a),
    b: f.keep(panels),
    c: f.keep(y),
    bias: f.keep(bias),
  });
  f.advance(a, length * (transposeA ? m : 1));
  f.advance(panels, length * width);
}

/** A product of many rows. Threads pack columns of b, then compute blocks of rows. */
function manyRows(runtime: Runtime, product: MatrixProduct): (at: Operands) => void {
  const { m, k, n, transposeA } = product;
  const { terms } = partsOf(product);
  const width = panelWidth(runtime.machine, n);
  const packed = width * Math.max(1, Math.round(TASK / 8 / (Math.max(1, k) * width)));
  const rows = Math.min(m, BLOCK_ROWS, Math.max(12, 12 * Math.floor(BLOCK_NUMBERS / Math.max(1, k) / 12)));
  const packs = splitCalls(n, packed, (count) =>
    runtime.compile(packFunction, columnsOf(runtime.machine, product, count)),
  );
  const blocks = splitCalls(m, rows, (count) => runtime.compile(manyRowsFunction, { product, count }));
  const { rowStep } = productOf(product);
  const { columnStep } = columnsOf(runtime.machine, product, packed);
  const length = panelLength(k, n, width);
  const strip = transposeA ? rows * terms + 16 : 0;
  return ({ a, b, y, bias }) => {
    const panels = runtime.scratch(length, strip);
    packs(strided(b, packed * columnStep), strided(panels, packed * k));
    const ownStrip = strided(after(panels, length), 0, strip);
    blocks(strided(a, rows * rowStep), panels, strided(y, rows * n), bias, ownStrip);
  };
}

/** The product of two matrices. */
export function matrixProduct(runtime: Runtime, product: MatrixProduct): (at: Operands) => void {
  if (product.m === 0 || product.n === 0) return () => undefined;
  return product.m <= FEW_ROWS && !product.transposeB ? fewRows(runtime, product) : manyRows(runtime, product);
}

const manyProductsFunction = defineFunction({
  name: "matmul many",
  write: (f, product: MatrixProduct, a, b, y, panels) => {
    writePack(f, columnsOf(f.machine, product, product.n), b, f.keep(panels));
    writeProduct(f, productOf(product), { a, b: panels, c: y, bias: f.local("i32") });
  },
  work: ({ m, k, n }) => m * k * n,
});

/** Many products of small matrices, each packed and multiplied by one thread. */
function manyProducts(runtime: Runtime, product: MatrixProduct, batch: number): (at: Omit<Operands, "bias">) => void {
  const { m, k, n } = product;
  const code = runtime.compile(manyProductsFunction, product);
  const length = panelLength(k, n, panelWidth(runtime.machine, n));
  return ({ a, b, y }) => {
    const panels = runtime.scratch(0, length);
    code.callMany(batch, strided(a, m * k), strided(b, k * n), strided(y, m * n), strided(panels, 0, length));
  };
}

/** The products of a batch of matrices. */
export const matmul =
  (runtime: Runtime): CpuKernel<"matmul"> =>
  ({ inputs: [shapeA], output, attributes: { transposeA, transposeB } }) => {
    const [m, n] = output.slice(-2) as [number, number];
    const k = shapeA.at(transposeA ? -2 : -1)!;
    const batch = sizeOf(output.slice(0, -2));
    const product = { m, k, n, transposeA, transposeB };
    if (batch > 1 && (batch >= runtime.threads || m * k * n < TASK)) {
      const run = manyProducts(runtime, product, batch);
      return ([a, b], y) => run({ a: a.start, b: b.start, y: y.start });
    }
    const run = matrixProduct(runtime, product);
    return ([a, b], y) => {
      for (let i = 0; i < batch; i++)
        run({
          a: after(a.start, i * m * k),
          b: after(b.start, i * k * n),
          y: after(y.start, i * m * n),
          bias: NOWHERE,
        });
    };
  };
