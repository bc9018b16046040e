// The common interface of onnxruntime-web and onnxruntime-node. Inputs and results are arrays; copies that this needs are part
// of the time, because they cannot be avoided.
import { Absent } from "../contest/serve.mjs";
import { outputShape, shapeFirst, toChannelsFirst, toChannelsLast } from "./layout.mjs";
import { onnxModels } from "./onnxModel.mjs";

/** Prepares workloads for one of the two. */
export const preparer =
  ({ InferenceSession, Tensor }, { executionProviders, threads }) =>
  async (work) => {
    const { kind, tensors } = work;
    if (onnxModels[kind] === undefined) throw new Absent("does not train");
    const session = await InferenceSession.create(new Uint8Array(onnxModels[kind](work)), {
      executionProviders,
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: "all",
    });
    const feeds = Object.fromEntries(
      session.inputNames.map((name) => {
        const { shape, values } = tensors[name];
        if (kind === "matmul") return [name, new Tensor("float32", values, shape)];
        return [name, new Tensor("float32", toChannelsFirst(values, shape), shapeFirst(shape))];
      }),
    );
    const run = async () => (await session.run(feeds)).y.data;
    return {
      run,
      result: async () => {
        const y = await run();
        return kind === "conv2d" ? toChannelsLast(y, outputShape(work)) : Float32Array.from(y);
      },
      release: () => session.release(),
    };
  };
