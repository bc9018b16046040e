import { checkOptions, wholeFrom, turn } from "@convlens/backend";
import { batches, type Dataset } from "@convlens/datasets";
import { namePaths, type Layer } from "@convlens/layers";
import { flatten } from "@convlens/tensor";
import { layerNamed, recordModel } from "../recordModel.ts";
import { withCompiled } from "../withCompiled.ts";
import { textOption } from "../optionChecks.ts";

/** Points in a space of many dimensions: a row for each. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Row by row. */
  readonly values: Float32Array | Float64Array;
}

/** What {@link codesOf} is told. */
export interface CodesOptions {
  /** Whose codes. */
  readonly layer: string;
  /** Examples at a time. Default: 100. */
  readonly batchSize?: number;
}

/** What a layer makes of each example of a data set: maps laid out in a row. */
export interface Codes extends Matrix {
  /** The labels of the rows. */
  readonly labels: ArrayLike<number>;
  readonly classes: readonly string[];
}

/**
 * Every example of a data set as a layer sees it: one row of numbers, its code.
 *
 * @example
 * ```ts
 * const codes = await codesOf(model, data, { layer: "layers.1" });
 * codes.rows; // 64 examples, of `codes.columns` numbers each
 * ```
 */
export async function codesOf(model: Layer, data: Dataset, options: CodesOptions): Promise<Codes> {
  checkOptions("codesOf", options, { layer: textOption, batchSize: wholeFrom(1) });
  const { layer, batchSize = 100 } = options;
  namePaths(model);
  return withCompiled(
    (x) => flatten(layerNamed(recordModel(model, x), layer).output),
    async (run) => {
      let values = new Float32Array(0);
      let columns = 0;
      for (const { inputs, indices } of batches(data, { size: batchSize })) {
        const code = await run(inputs);
        columns = code.shape[1]!;
        if (values.length === 0) values = new Float32Array(data.size * columns);
        values.set(code.values, indices[0]! * columns);
        await turn();
      }
      return { rows: data.size, columns, values, labels: data.labels, classes: data.classes };
    },
  );
}
