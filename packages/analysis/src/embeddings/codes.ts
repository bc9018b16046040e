import { checkOptions, wholeFrom, turn } from "@convlens/backend";
import { batches, type Classification } from "@convlens/datasets";
import type { Layer } from "@convlens/layers";
import { flatten } from "@convlens/tensor";
import { layerNamed, recordModel } from "../recordModel.ts";
import { withCompiled } from "../withCompiled.ts";
import { textOption } from "../optionChecks.ts";

/** A matrix; a row for each point. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Row by row. */
  readonly values: Float32Array | Float64Array;
}

/** Options of {@link codesOf}. */
export interface CodesOptions {
  /** Path of the layer. */
  readonly layer: string;
  /** Batch size. Default: 100. */
  readonly batchSize?: number;
}

/** The flattened output of a layer for each example of a data set. */
export interface Codes extends Matrix {
  /** The labels of the rows. */
  readonly labels: ArrayLike<number>;
  readonly classes: readonly string[];
}

/**
 * Returns the codes of a data set: the flattened output of a layer, one row for each example.
 *
 * @example
 * ```ts
 * const codes = await codesOf(model, data, { layer: "layers.1" });
 * codes.rows; // 64 examples, of `codes.columns` numbers each
 * ```
 */
export async function codesOf(model: Layer, data: Classification, options: CodesOptions): Promise<Codes> {
  checkOptions("codesOf", options, { layer: textOption, batchSize: wholeFrom(1) });
  const { layer, batchSize = 100 } = options;
  return withCompiled(
    (x) => flatten(layerNamed(recordModel(model, x), layer).output),
    async (run) => {
      let values = new Float32Array(0);
      let columns = 0;
      for await (const { inputs, indices } of batches(data, { size: batchSize })) {
        const code = await run(inputs);
        columns = code.shape[1]!;
        if (values.length === 0) values = new Float32Array(data.size * columns);
        values.set(code.knownValues, indices[0]! * columns);
        await turn();
      }
      return { rows: data.size, columns, values, labels: data.labels, classes: data.classes };
    },
  );
}
