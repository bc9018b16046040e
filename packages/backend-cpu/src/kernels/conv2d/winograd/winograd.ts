import type { Conv2dGeometry } from "@convlens/backend";
import type { Runtime } from "../../../runtime.ts";
import type { Convolver } from "../convolver.ts";
import { convolve } from "./convolve.ts";
import { gradients } from "./gradients.ts";

/** Convolutions of 3 × 3 and 5 × 5 that move by one pixel, by Winograd's algorithm. */
export const winograd = (runtime: Runtime, g: Conv2dGeometry): Convolver => ({
  forward: (epilogue) => convolve(runtime, g, "forward", epilogue),
  inputGradient: () => convolve(runtime, g, "backward"),
  filterGradient: () => {
    const run = gradients(runtime, g, { results: ["filters"], relu: false, pool: false });
    return (dy, x, filters) => run({ dy, x }, { filters });
  },
});
