import { compile, type Compiled, type Tensor } from "@convlens/tensor";

/** Passes a compiled function to `use` and frees it afterwards. */
export async function withCompiled<T extends Tensor | { readonly [name: string]: Tensor }, R>(
  fn: (point: Tensor) => T,
  use: (run: Compiled<[point: Tensor], T>) => Promise<R>,
): Promise<R> {
  const run = compile(fn);
  try {
    return await use(run);
  } finally {
    run.dispose();
  }
}
