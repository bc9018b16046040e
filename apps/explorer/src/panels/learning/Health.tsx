import type { HealthRecord } from "@convlens/analysis";
import { Table } from "../../controls/Table.tsx";
import { short } from "./model.ts";

/** Layers in words, by their paths. */
const places: Readonly<Record<string, string>> = {
  "layers.0": "First convolution",
  "layers.3": "Second convolution",
  "layers.7": "Fully connected",
};

/** What an update ratio means, by the rule of thumb of CS231n. */
const judged = (ratio: number): string =>
  !Number.isFinite(ratio) ? "" : ratio > 1e-2 ? "large" : ratio < 1e-5 ? "small" : "good";

/** Gradients, updates and dead units of each layer, and advice. */
export function Health({
  record,
  advice,
}: {
  readonly record: HealthRecord | undefined;
  readonly advice: readonly string[];
}) {
  return (
    <div class="health">
      {record && <LayerTable record={record} />}
      <div class="advice">
        <p class="caption">
          <b>Advice</b> from the last measurements
        </p>
        {advice.length === 0 ? (
          <p>
            {record === undefined
              ? "None yet: the net is not trained."
              : "Nothing to change: gradients, updates and units look healthy."}
          </p>
        ) : (
          <ul>
            {advice.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}

function LayerTable({ record }: { readonly record: HealthRecord }) {
  const rows = record.parameters
    .filter(({ path }) => !path.endsWith("bias"))
    .map(({ path, size, gradient, updateRatio }) => {
      const layer = path.replace(/\.\w+$/, "");
      const units = record.layers.find((each) => each.path.split(" ")[0] === layer);
      return [
        <>
          {places[layer]} <code>{layer}</code>
        </>,
        short(size),
        short(gradient),
        `${short(updateRatio)} ${judged(updateRatio)}`,
        units === undefined ? "—" : `${units.dead} of ${units.units}`,
      ];
    });
  return (
    <div>
      <p class="caption">
        <b>Each layer</b> at step {record.step}: root mean squares of weights and gradients, the update of a step over
        the weights, and units that are 0 for all of 64 examples
      </p>
      <Table
        class="numbers"
        label="Health of each layer"
        head={["Layer", "Weights", "Gradient", "Update ratio", "Dead units"]}
        rows={rows}
      />
    </div>
  );
}
