import { threefry, type KernelsOf, type Values } from "@convlens/backend";

/** Random numbers, which depend on the seed, the stream and their index only. */
export const randomKernels: KernelsOf<Values, "randomUniform"> = {
  randomUniform:
    ({ attributes: { stream } }) =>
    ([seed], y) => {
      // Each call of Threefry returns two words, whose upper 24 bits are exact in float32.
      for (let i = 0; i < y.length; i += 2) {
        const words = threefry(seed[0]!, seed[1]!, i >>> 1, stream);
        y[i] = (words[0] >>> 8) / 0x1000000;
        if (i + 1 < y.length) y[i + 1] = (words[1] >>> 8) / 0x1000000;
      }
    },
};
