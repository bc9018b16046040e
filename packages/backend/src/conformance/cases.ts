import type { Composites, Fusions, Primitives } from "../operations.ts";
import type { Cases, CompositeCases } from "./case.ts";
import { chainCase, chainSumCase } from "./chain.ts";
import { elementwiseCases } from "./elementwiseCases.ts";
import { movementCases } from "./movementCases.ts";
import { normalizeCases } from "./normalizeCases.ts";
import { optimizerCases } from "./optimizerCases.ts";
import { poolingCases } from "./poolingCases.ts";
import { productCases } from "./productCases.ts";
import { reductionCases } from "./reductionCases.ts";
import { resizeCases } from "./resizeCases.ts";
import { softmaxCases } from "./softmaxCases.ts";

/** Operations that only the `join` of a backend writes, for geometries that it has a kernel for. */
type OfOneBackend = "conv2dGradients" | "result";

/** Functions that draw cases, for every operation; a missing one is a compile error. */
export const cases: Cases<keyof Primitives> & CompositeCases<Exclude<keyof Composites | keyof Fusions, OfOneBackend>> =
  {
    ...elementwiseCases,
    ...reductionCases,
    ...movementCases,
    ...productCases,
    ...poolingCases,
    randomUniform: (dice) => {
      const shape = dice.shape();
      return {
        inputs: [[2]],
        attributes: { shape, stream: dice.int(0, 999) },
        output: shape,
        number: (d) => d.int(0, 0xffffff),
      };
    },
    ...softmaxCases,
    ...normalizeCases,
    ...resizeCases,
    ...optimizerCases,
    pointwise: chainCase,
    pointwiseSum: chainSumCase,
  };
