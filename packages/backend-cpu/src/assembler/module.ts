import type { WasmFunction } from "../execute.ts";
import { arrayOf, bytes, list, sized, unsigned } from "./encoding.ts";
import { FunctionWriter, type Body, type Machine } from "./function.ts";

/** Maximum size of a shared memory, in pages: all that WebAssembly allows. */
export const LARGEST_SHARED = 65536;

/** Writes a function with its body. */
export function writeFunction(name: string, arity: number, body: Body, machine?: Machine): FunctionWriter {
  const f = new FunctionWriter(name, arity, machine);
  body(f, ...f.parameters);
  return f;
}

/**
 * A module of functions over one imported memory, exported by their numbers. The same functions give the same bytes. A function
 * that calls inner functions must be alone in its module, since these are numbered from 1 on.
 *
 * @param options - `isShared`: whether the memory is shared with other threads.
 */
export function moduleOf(
  functions: readonly FunctionWriter[],
  { isShared = false }: { readonly isShared?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: string): string => bytes(id) + sized(content);
  const all = (partOf: (f: FunctionWriter, index: string) => string): string =>
    list(...[...functions, ...functions.flatMap(({ inner }) => inner)].map((f, i) => partOf(f, unsigned(i))));
  const limits = isShared ? bytes(3, 0) + unsigned(LARGEST_SHARED) : bytes(0, 0);
  return arrayOf(
    "\0asm" +
      bytes(1, 0, 0, 0) +
      section(
        1,
        all((f) => f.type),
      ) +
      section(2, list(sized("convlens") + sized("memory") + bytes(2) + limits)) +
      section(
        3,
        all((_, index) => index),
      ) +
      section(7, list(...functions.map((_, i) => sized(`${i}`) + bytes(0) + unsigned(i)))) +
      section(
        10,
        all((f) => sized(f.bytes)),
      ) +
      section(
        0,
        sized("name") +
          section(
            1,
            all((f, index) => index + sized(f.name)),
          ),
      ),
  );
}

/** Compiles a module over a memory, and returns its functions. */
export function instantiate(module: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory): WasmFunction[] {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { convlens: { memory } });
  return Object.values(exports) as WasmFunction[];
}
