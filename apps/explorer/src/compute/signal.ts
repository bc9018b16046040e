import { conv1d, flip, tensor } from "@convlens/tensor";

/** A sound and a kernel. */
export interface SignalRequest {
  readonly samples: Float32Array;
  readonly kernel: Float32Array;
}

/** The result, as long as the sound. */
export interface SignalAnswer {
  readonly output: Float32Array;
}

/** `output[t] = Σ kernel[a] · samples[t − a]`: a causal convolution. */
export async function signal({ samples, kernel }: SignalRequest): Promise<SignalAnswer> {
  const x = tensor(samples, [1, samples.length, 1]);
  const w = flip(tensor(kernel, [kernel.length, 1, 1]), [0]);
  const y = conv1d(x, w, { padding: [kernel.length - 1, 0] });
  return { output: Float32Array.from(await y.data()) };
}
