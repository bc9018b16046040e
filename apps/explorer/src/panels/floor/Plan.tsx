import type { FloorAnswer } from "../../compute/floor.ts";
import { boxesOf, bytes, layerOf, roleOf } from "./model.ts";

const WIDTH = 1000;
const HEIGHT = 320;

/** The memory of a run: time from left to right, addresses from top to bottom. A block is a value from its first to its last use. */
export function Plan(props: {
  readonly answer: FloorAnswer;
  readonly step: number;
  readonly onStep: (instruction: number) => void;
}) {
  const { answer, step, onStep } = props;
  const { instructions, peak, sum } = answer;
  const column = WIDTH / (instructions.length + 1);
  const name = (from: number): string =>
    from < 0 ? "an input" : `${instructions[from]!.operation} of ${layerOf(instructions[from]!)}`;
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
