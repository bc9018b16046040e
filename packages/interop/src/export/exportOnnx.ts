import { checkOptions, oneOf, UsageError, ValueError, type Shape } from "@convlens/backend";
import { layersOf, recordForward, variables, weightsOf, type AnyLayer, type Layer } from "@convlens/layers";
import { isShape, mapTree, Tensor, zeros, type Shapes, type Tensors } from "@convlens/tensor";
import { Exporter } from "./exporter.ts";

/** Options of {@link exportOnnx}. */
export interface ExportOnnxOptions {
  /** Version of ONNX's set of operators, from 13 to 20. Default: 17. */
  readonly opset?: number;
  /**
   * Order of the axes of inputs and outputs: `"nchw"` has the channels after the batch, as PyTorch and most files; `"nhwc"` has them
   * last, as here. Default: `"nchw"`.
   */
  readonly layout?: "nchw" | "nhwc";
  /** Type in which weights are stored; they are computed in float32. Default: `"float32"`. */
  readonly weights?: "float32" | "float16";
}

/** Newest version of the format that a set of operators needs at least. */
const irVersionOf = (opset: number): number => (opset < 15 ? 7 : opset < 19 ? 8 : 9);

/**
 * Writes a model as an ONNX file that PyTorch's users, onnxruntime and Netron read. The batch is free. Layers that ONNX has are written
 * as such, others as what they are made of; weights are named by their paths.
 *
 * @param shape - Shape of one example, or a tuple or record of shapes.
 * @returns The bytes of the file.
 * @throws `UsageError` for a model that has not been built; `ValueError` that names the layer for an operation that ONNX does not have.
 *
 * @example
 * ```ts
 * const net = build(sequential([new Conv2d({ filters: 4, kernelSize: 3 }), new ReLU(), new Flatten(), new Dense({ units: 2 })]), [8, 8, 1]);
 * await writeFile(join(tmpdir(), "net.onnx"), await exportOnnx(net, [8, 8, 1]));
 * ```
 */
export async function exportOnnx(model: AnyLayer, shape: Shapes, options: ExportOnnxOptions = {}): Promise<Uint8Array> {
  checkOptions("exportOnnx", options, {
    opset: (value) =>
      Number.isInteger(value) && (value as number) >= 13 && (value as number) <= 20
        ? undefined
        : "a whole number from 13 to 20",
    layout: oneOf("nchw", "nhwc"),
    weights: oneOf("float32", "float16"),
  });
  const { opset = 17, layout = "nchw", weights = "float32" } = options;
  if (variables(model).size === 0 && layersOf(model).size === 0)
    throw new UsageError({
      operation: "exportOnnx",
      problem: "the model has no layers",
      fix: "give a model of layers",
    });
  const inputOf = (batch: number): { x: Tensors; named: [string, Tensor][] } => {
    const named: [string, Tensor][] = [];
    const x = mapTree(shape, isShape, (size: Shape, path) => {
      const tensor = zeros([batch, ...size]);
      named.push([path === "" ? "input" : path, tensor]);
      return tensor;
    }) as Tensors;
    return { x, named };
  };
  // With two batches: what differs between them is the number of examples.
  const [two, three] = [inputOf(2), inputOf(3)];
  const layers = new Map<Tensor, { path: string; layer: AnyLayer; input: Tensors }>();
  const watch = (path: string, layer: AnyLayer, output: Tensors, input: Tensors): void => {
    if (output instanceof Tensor && !layers.has(output)) layers.set(output, { path, layer, input });
  };
  const outputs = recordForward(model as Layer, two.x as Tensor, { watch }) as Tensors;
  const others = recordForward(model as Layer, three.x as Tensor) as Tensors;
  const stored = await weightsOf(model);
  const exporter = new Exporter({
    opset,
    layout,
    isHalf: weights === "float16",
    layers,
    variables: variables(model),
    stored,
  });
  for (const [i, [name, tensor]] of two.named.entries()) exporter.input(name, tensor, three.named[i]![1]);
  const named = namedOutputs(outputs);
  const namedOthers = namedOutputs(others);
  for (const [i, [name, tensor]] of named.entries()) exporter.output(name, tensor, namedOthers[i]![1]);
  return exporter.file(irVersionOf(opset));
}

function namedOutputs(outputs: Tensors): [string, Tensor][] {
  const named: [string, Tensor][] = [];
  mapTree(
    outputs,
    (x) => x instanceof Tensor,
    (tensor: Tensor, path) => void named.push([path === "" ? "output" : path, tensor]),
  );
  if (named.length > 0) return named;
  throw new ValueError({ operation: "exportOnnx", problem: "the model returns no tensor" });
}
