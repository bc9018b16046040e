import { showShape, type Shape } from "@convlens/backend";
import { Tensor } from "./tensor.ts";

/** A tensor, or a tuple or record of tensors, which may be nested. */
export type Tensors = Tensor | readonly Tensors[] | { readonly [name: string]: Tensors };

/** `T` with `To` in place of each tensor. */
export type Replaced<T, To> = T extends Tensor ? To : { readonly [K in keyof T]: Replaced<T[K], To> };

/** The shapes of tensors: `{ image: Tensor }` becomes `{ image: Shape }`. */
export type ShapesOf<T> = Replaced<T, Shape>;

/** The shapes of any {@link Tensors}. */
export type Shapes = Shape | readonly Shapes[] | { readonly [name: string]: Shapes };

/** Whether a value is a shape, and not a tuple or record of shapes. */
export const isShape = (x: unknown): x is Shape =>
  Array.isArray(x) && x.every((size) => Number.isSafeInteger(size) && size >= 0);

const isTensor = (x: unknown): x is Tensor => x instanceof Tensor;

function consistsOf(x: unknown, isLeaf: (x: unknown) => boolean): boolean {
  if (isLeaf(x)) return true;
  if (typeof x !== "object" || x === null || ArrayBuffer.isView(x)) return false;
  const parts: unknown[] = Object.values(x);
  return parts.length > 0 && parts.every((part) => consistsOf(part, isLeaf));
}

/** Whether a value is a shape, or a tuple or record of shapes that is not empty. */
export const areShapes = (x: unknown): x is Shapes => consistsOf(x, isShape);

/** Whether a value is a tensor, or a tuple or record of tensors that is not empty. */
export const areTensors = (x: unknown): x is Tensors => consistsOf(x, isTensor);

/**
 * A tuple or record with other leaves.
 *
 * @param isLeaf - Where to stop; what is no object is a leaf in any case.
 * @param change - Gets each leaf with its path: `""` for one that stands alone, `image`, `levels.0`.
 *
 * @example
 * ```ts
 * mapTree({ image: [8, 8, 1], meta: [5] }, isShape, (shape: Shape) => zeros([2, ...shape])); // { image: Tensor, meta: Tensor }
 * ```
 */
export function mapTree<L>(
  tree: unknown,
  isLeaf: (x: unknown) => boolean,
  change: (leaf: L, path: string) => unknown,
  path = "",
): unknown {
  if (isLeaf(tree) || typeof tree !== "object" || tree === null) return change(tree as L, path);
  const entries = Object.entries(tree).map(([name, part]: [string, unknown]): [string, unknown] => [
    name,
    mapTree(part, isLeaf, change, path === "" ? name : `${path}.${name}`),
  ]);
  return Array.isArray(tree) ? entries.map(([, part]) => part) : Object.fromEntries(entries);
}

/** The same tuple or record with something else in place of each tensor. */
export const mapTensors = (tensors: unknown, change: (t: Tensor, path: string) => unknown): unknown =>
  mapTree(tensors, isTensor, change);

/** The tensors of a tuple or record in the order of its fields. */
export function tensorsIn(tensors: Tensors): Tensor[] {
  const found: Tensor[] = [];
  mapTensors(tensors, (t) => found.push(t));
  return found;
}

/** Shapes for a message: `[8, 8, 1]`, `([8], [4])` or `{ image: [8, 8, 1], meta: [5] }`. */
export function showShapes(shapes: Shapes): string {
  if (isShape(shapes)) return showShape(shapes);
  if (Array.isArray(shapes)) return `(${(shapes as readonly Shapes[]).map(showShapes).join(", ")})`;
  return `{ ${Object.entries(shapes)
    .map(([name, part]) => `${name}: ${showShapes(part)}`)
    .join(", ")} }`;
}
