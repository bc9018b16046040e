import { sizeOf, type Kernel, type Operations } from "@convlens/backend";
import type { Block } from "../heap.ts";
import type { CompiledFunction, Runtime } from "../runtime.ts";
import { splitCalls } from "./splitCalls.ts";
import { writeCopyRows } from "./rows.ts";
import {
  epilogueOf,
  PANEL,
  panelLength,
  writePack,
  writeProduct,
  type Epilogue,
  type ProductShape,
} from "./product.ts";

/** One product of matrices a [m, k] and b [k, n], each laid out the other way round if it is transposed. */
export interface MatrixProduct {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly epilogue?: Epilogue | undefined;
}

/** Rows of a that are multiplied by all of b before the next ones: they should stay close at hand. Tiles of 4 and 6 divide it. */
const BLOCK_NUMBERS = 32_768;
const BLOCK_ROWS = 120;
/** Terms of a product that are summed before the next ones: those of a tile, and of a panel, fit in the nearest cache. */
const TERMS = 512;
/** Products of so many terms are worth a call of their own. */
const TASK = 250_000;
/** With so few rows, laying b out would take longer than the product. */
const FEW_ROWS = 4;

/** Where each operand of a product begins; for many products also how far apart they lie. */
interface Operands {
  readonly a: number;
  readonly b: number;
  readonly y: number;
  readonly bias: number;
}

const productOf = ({ m, k, n, transposeA, epilogue }: MatrixProduct): ProductShape => ({
  rows: m,
  rowStep: transposeA ? 4 : 4 * k,
  resultStep: 4 * n,
  columns: n,
  terms: [{ count: k, step: transposeA ? 4 * m : 4 }],
  ...epilogueOf(epilogue),
});
/** Columns of b, as {@link writePack} takes them. */
const columnsOf = ({ k, n, transposeB }: MatrixProduct, columns: number) => {
  const [termStep, columnStep] = transposeB ? [4, 4 * k] : [4 * n, 4];
  return { terms: k, columns, termStep, columnStep };
};

/** A few rows: b is read where it lies, in tiles that are the wider the lower they are. */
function fewRows(runtime: Runtime, product: MatrixProduct): (at: Operands) => void {
  const { m, k, n, transposeA, epilogue } = product;
  const width = m === 1 ? 32 : m === 2 ? 16 : PANEL;
  const columns = (count: number): CompiledFunction =>
    runtime.code(
      `matmul few ${JSON.stringify([m, k, n, transposeA, epilogue, count])}`,
      ["a", "b", "y", "bias"],
      (f, a, b, y, bias) => {
        const shape = { ...productOf(product), columns: count };
        writeProduct(f, { ...shape, panels: { width, termStep: 4 * n, step: 4 * width } }, a, b, y, bias);
      },
      m * k * count,
    );
  const each = runtime.threads > 1 ? Math.min(n, width * Math.ceil(TASK / (m * Math.max(1, k) * width))) : n;
  const run = splitCalls(n, each, columns);
  return ({ a, b, y, bias }) => run(a, [b, 4 * each], [y, 4 * each], [bias, 4 * each]);
}

/** Lays b out, some columns a task, then multiplies, some rows a task: with so many terms at a time that all stays close at hand. */
function manyRows(runtime: Runtime, product: MatrixProduct): (at: Operands) => void {
  const { m, k, n, transposeA, transposeB, epilogue } = product;
  const packed = PANEL * Math.max(1, Math.round(TASK / 8 / (Math.max(1, k) * PANEL)));
  const pack = (count: number): CompiledFunction =>
    runtime.code(
      `matmul pack ${JSON.stringify([k, n, transposeB, count])}`,
      ["b", "panels"],
      (f, b, panels) => writePack(f, columnsOf(product, count), b, panels),
      4 * k * count,
    );
  const parts = Math.max(1, Math.ceil(k / TERMS));
  const terms = Math.ceil(k / parts);
  const rows = Math.min(m, BLOCK_ROWS, Math.max(12, 12 * Math.floor(BLOCK_NUMBERS / Math.max(1, k) / 12)));
  const rowStep = transposeA ? 4 : 4 * k;
  const multiply = (count: number): CompiledFunction =>
    runtime.code(
      `matmul ${JSON.stringify([m, k, n, transposeA, epilogue, count])}`,
      ["a", "panels", "y", "bias", "strip"],
      (f, a, panels, y, bias, strip) => {
        /** Adds the products of some terms. */
        const some = (length: number, { isFirst, isLast }: { isFirst: boolean; isLast: boolean }): void => {
          // Columns of a strip lie close together; those of a large matrix are far apart.
          if (transposeA)
            writeCopyRows(
              f,
              { rows: length, length: count, fromStep: 4 * m, toStep: 4 * count },
              f.keep("from", a),
              f.keep("to", strip),
            );
          const { bias: hasBias, relu } = epilogueOf(epilogue);
          const shape: ProductShape = {
            rows: count,
            rowStep,
            resultStep: 4 * n,
            columns: n,
            terms: [{ count: length, step: transposeA ? 4 * count : 4 }],
            panels: { width: PANEL, termStep: 4 * PANEL, step: 4 * PANEL * k },
            bias: hasBias && isFirst,
            relu: relu && isLast,
            accumulate: !isFirst,
          };
          const from = transposeA ? strip : f.keep("a", a);
          writeProduct(f, shape, from, f.keep("b", panels), f.keep("to", y), f.keep("bias", bias));
          f.advance(a, length * (transposeA ? 4 * m : 4));
          f.advance(panels, length * 4 * PANEL);
        };
        if (parts > 1) {
          some(terms, { isFirst: true, isLast: false });
          f.times(parts - 2, () => some(terms, { isFirst: false, isLast: false }));
        }
        some(k - (parts - 1) * terms, { isFirst: parts === 1, isLast: true });
      },
      count * k * n,
    );
  const packs = splitCalls(n, packed, pack);
  const blocks = splitCalls(m, rows, multiply);
  const columnStep = transposeB ? 4 * k : 4;
  const length = panelLength(k, n);
  const strip = transposeA ? rows * terms + 16 : 0;
  return ({ a, b, y, bias }) => {
    const panels = runtime.scratch(length, strip);
    packs([b, packed * columnStep], [panels, 4 * packed * k]);
    blocks([a, rows * rowStep], panels, [y, 4 * rows * n], bias, [panels + 4 * length, 0, 4 * strip]);
  };
}

/** The product of two matrices. */
export function matrixProduct(runtime: Runtime, product: MatrixProduct): (at: Operands) => void {
  if (product.m === 0 || product.n === 0) return () => undefined;
  return product.m <= FEW_ROWS && !product.transposeB ? fewRows(runtime, product) : manyRows(runtime, product);
}

/** Many products of small matrices, each by one thread: it packs, and multiplies. */
function manyProducts(runtime: Runtime, product: MatrixProduct, batch: number): (at: Omit<Operands, "bias">) => void {
  const { m, k, n, transposeA, transposeB } = product;
  const code = runtime.code(
    `matmul many ${JSON.stringify([m, k, n, transposeA, transposeB])}`,
    ["a", "b", "y", "panels"],
    (f, a, b, y, panels) => {
      writePack(f, columnsOf(product, n), b, f.keep("to", panels));
      writeProduct(f, productOf(product), a, panels, y, f.local("i32", "none"));
    },
    m * k * n,
  );
  const length = panelLength(k, n);
  return ({ a, b, y }) => {
    const panels = runtime.scratch(0, length);
    code.callMany(batch, [a, 4 * m * k], [b, 4 * k * n], [y, 4 * m * n], [panels, 0, 4 * length]);
  };
}

/** The product of matrices, for each of a batch. */
export const matmul =
  (runtime: Runtime): Kernel<Block, Operations["matmul"]> =>
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
        run({ a: a.start + i * 4 * m * k, b: b.start + i * 4 * k * n, y: y.start + i * 4 * m * n, bias: 0 });
    };
  };
