import type { FloorAnswer } from "../../compute/floor.ts";
import { Button } from "../../controls/Button.tsx";
import { duration, layerOf } from "./model.ts";

/** The instructions in order, with their times. */
export function Listing(props: {
  readonly answer: FloorAnswer;
  readonly step: number;
  readonly onStep: (instruction: number) => void;
}) {
  const { answer, step, onStep } = props;
  const most = Math.max(...answer.instructions.map(({ milliseconds = 0 }) => milliseconds), 1e-9);
  return (
    <div class="wide listing" tabIndex={0} role="region" aria-label="The instructions">
      <table>
        <thead>
          <tr>
            <th scope="col">#</th>
            <th scope="col">Operation</th>
            <th scope="col">Layer</th>
            <th scope="col">Shape</th>
            <th scope="col">Time</th>
          </tr>
        </thead>
        <tbody>
          {answer.instructions.map((instruction, i) => {
            const { operation, shape, milliseconds } = instruction;
            return (
              <tr key={i} class={i === step ? "chosen" : ""}>
                <td>
                  <Button text={String(i + 1)} aria-pressed={i === step} onClick={() => onStep(i)} />
                </td>
                <td>
                  <code>{operation}</code>
                </td>
                <td>{layerOf(instruction)}</td>
                <td>{shape.length === 0 ? "scalar" : shape.join(" × ")}</td>
                <td class="time">
                  {milliseconds === undefined ? (
                    "no work"
                  ) : (
                    <>
                      <span class="bar-of" aria-hidden="true">
                        <span class="share" style={{ width: `${(100 * milliseconds) / most}%` }} />
                      </span>
                      {duration(milliseconds)}
                    </>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
