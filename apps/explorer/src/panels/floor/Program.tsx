import type { FloorAnswer } from "../../compute/floor.ts";
import { Button } from "../../controls/Button.tsx";
import { boxesOf, bytes, duration, layerOf, roleOf } from "./model.ts";

/** A program and its selected instruction. */
interface ProgramProps {
  readonly answer: FloorAnswer;
  readonly step: number;
  readonly onStep: (instruction: number) => void;
}

const WIDTH = 1000;
const HEIGHT = 320;

/** The memory of a run: time from left to right, addresses from top to bottom. A block is a value from its first to its last use. */
export function Plan({ answer, step, onStep }: ProgramProps) {
  const { instructions, peak, sum } = answer;
  const column = WIDTH / (instructions.length + 1);
  const name = (from: number): string => {
    const made = instructions[from];
    return made === undefined ? "an input" : `${made.operation} of ${layerOf(made)}`;
  };
  return (
    <svg
      class="plan"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`The memory plan: ${answer.blocks.length} values share ${bytes(peak)}; without sharing they would need ${bytes(sum)}`}
    >
      <rect class="now" x={(step + 1) * column} y={0} width={column} height={HEIGHT} />
      {boxesOf(answer).map(({ x, y, width, height, block }, i) => (
        <rect
          key={i}
          class={`block ${roleOf(block, step)}`}
          x={x * WIDTH}
          y={y * HEIGHT}
          width={width * WIDTH}
          height={height * HEIGHT}
          onClick={() => onStep(Math.max(0, block.from))}
        >
          <title>{`${name(block.from)}: ${bytes(block.size)}`}</title>
        </rect>
      ))}
    </svg>
  );
}

/** The instructions in order, with their times. */
export function Listing({ answer, step, onStep }: ProgramProps) {
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
