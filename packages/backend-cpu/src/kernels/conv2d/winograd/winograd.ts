import type { Conv2dGeometry } from "@convlens/backend";
import type { Runtime } from "../../../runtime.ts";
import type { Convolver } from "../convolver.ts";
import { convolve } from "./convolve.ts";
import { gradients } from "./gradients.ts";

/** 3 × 3 and 5 × 5 convolutions with stride 1, by Winograd's algorithm. */
export const winograd = (runtime: Runtime, g: Conv2dGeometry): Convolver => ({
  forward: (epilogue) => convolve(runtime, g, { direction: "forward", epilogue }),
  inputGradient: () => convolve(runtime, g, { direction: "backward", epilogue: undefined }),
  filterGradient: () => {
    const run = gradients(runtime, g, { results: ["filters"], relu: false, pool: false });
    return (dy, x, filters) => run({ dy, x }, { filters });
  },
});
