import { conv1d, flip, tensor } from "@convlens/tensor";
import { floats } from "./floats.ts";

/** `output[t] = Σ kernel[a] · samples[t − a]`: a causal convolution of a sound. The result is as long as the sound. */
export async function signal({
  samples,
  kernel,
}: {
  readonly samples: Float32Array;
  readonly kernel: Float32Array;
}): Promise<Float32Array> {
  const x = tensor(samples, [1, samples.length, 1]);
  const w = flip(tensor(kernel, [kernel.length, 1, 1]), [0]);
  const [output] = await floats(conv1d(x, w, { padding: [kernel.length - 1, 0] }));
  return output;
}
