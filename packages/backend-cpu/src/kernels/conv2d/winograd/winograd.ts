import type { Conv2dGeometry } from "@convlens/backend";
import type { Team } from "../../../team.ts";
import type { Convolver } from "../convolver.ts";
import { convolve } from "./convolve.ts";
import { gradients } from "./gradients.ts";

/** Convolutions of 3 × 3 and 5 × 5 that move by one pixel, by Winograd's algorithm. */
export const winograd = (team: Team, g: Conv2dGeometry): Convolver => ({
  forward: (ending) => convolve(team, g, "forward", ending),
  inputGradient: () => convolve(team, g, "backward"),
  filterGradient: () => {
    const run = gradients(team, g, { results: ["filters"], relu: false, pool: false });
    return (dy, x, filters) => run({ dy, x }, { filters });
  },
});
