import type { HealthRecord } from "@convlens/analysis";
import type { JSX } from "preact";
import { short } from "./model.ts";

/** Layers in words; advice calls them by their paths. */
const places: Readonly<Record<string, string>> = {
  "layers.0": "First convolution",
  "layers.3": "Second convolution",
  "layers.7": "Fully connected",
};

/** What an update ratio means, by CS231n's rule of thumb. */
const judged = (ratio: number): string =>
  !Number.isFinite(ratio) ? "" : ratio > 1e-2 ? "large" : ratio < 1e-5 ? "small" : "good";

/** How gradients, updates and units of each layer do, and what should be changed. */
export function Health({
  record,
  advice,
}: {
  readonly record: HealthRecord | undefined;
  readonly advice: readonly string[];
}): JSX.Element {
  return (
    <div class="health">
      {record && (
        <div>
          <p class="caption">
            <b>Each layer</b> at step {record.step}: root mean squares of weights and of their gradients, how far a step
            moves the weights over how large they are, and units that answer 0 to all of 64 examples
          </p>
          <div class="wide" tabIndex={0} role="region" aria-label="Health of each layer">
            <table class="numbers">
              <thead>
                <tr>
                  <th scope="col">Layer</th>
                  <th scope="col">Weights</th>
                  <th scope="col">Gradient</th>
                  <th scope="col">Update ratio</th>
                  <th scope="col">Dead units</th>
                </tr>
              </thead>
              <tbody>
                {record.parameters
                  .filter(({ path }) => !path.endsWith("bias"))
                  .map(({ path, size, gradient, updateRatio }) => {
                    const layer = path.replace(/\.\w+$/, "");
                    const units = record.layers.find((each) => each.path.split(" ")[0] === layer);
                    return (
                      <tr key={path}>
                        <th scope="row">
                          {places[layer]} <code>{layer}</code>
                        </th>
                        <td>{short(size)}</td>
                        <td>{short(gradient)}</td>
                        <td>
                          {short(updateRatio)} {judged(updateRatio)}
                        </td>
                        <td>{units === undefined ? "—" : `${units.dead} of ${units.units}`}</td>
                      </tr>
                    );
                  })}
              </tbody>
            </table>
          </div>
        </div>
      )}
      <div class="advice">
        <p class="caption">
          <b>Advice</b>, from the last looks inside
        </p>
        {advice.length === 0 ? (
          <p>
            {record === undefined
              ? "None yet: nothing has been learned."
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
