import { threefry, type KernelsOf, type Values } from "@convlens/backend";

/** Numbers that depend on the seed, the stream and their place, and on nothing else. */
export const randomKernels: KernelsOf<Values, "randomUniform"> = {
  randomUniform:
    ({ attributes: { stream } }) =>
    ([seed], y) => {
      // Each call of Threefry gives two words; their upper 24 bits fill a float32 exactly.
      for (let i = 0; i < y.length; i += 2) {
        const words = threefry(seed[0]!, seed[1]!, i >>> 1, stream);
        y[i] = (words[0] >>> 8) / 0x1000000;
        if (i + 1 < y.length) y[i + 1] = (words[1] >>> 8) / 0x1000000;
      }
    },
};
