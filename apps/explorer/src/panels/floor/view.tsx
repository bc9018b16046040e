import { useAnswer, useCompute } from "../../compute/compute.ts";
import type { FloorRequest } from "../../compute/floor.ts";
import { Code } from "../../controls/Code.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { Player } from "../../controls/Player.tsx";
import type { PanelProps } from "../../controls/panelProps.tsx";
import { bytes, codeOf, duration, floorFields, layerOf, slowest } from "./model.ts";
import { Listing, Plan } from "./Program.tsx";
import { Race } from "./Race.tsx";

/** The program that runs: its instructions, its memory and its times; and the same program on other backends. */
export function FloorView(props: PanelProps<typeof floorFields>) {
  const { signal, state, set, choice } = props;
  const compute = useCompute();
  const requestOf = (): FloorRequest => {
    const { work, batch } = signal.value;
    return { net: compute.net.value?.version, work, batch: Number(batch) };
  };
  const { value: answer, problem } = useAnswer("floor", requestOf).value;
  const count = answer?.instructions.length ?? 0;
  const step = Math.min(state.step, Math.max(1, count)) - 1;
  const now = answer?.instructions[step];
  const go = (instruction: number): void => set({ step: instruction + 1 });
  return (
    <>
      <div class="controls">
        {choice("work", "Task")}
        {choice("batch", "Digits in a batch")}
      </div>
      <Notice text={problem} />
      {answer && now && (
        <>
          <p class="counts" role="status">
            <strong>{count}</strong> instructions; a run takes <strong>{duration(answer.whole)}</strong>. All values
            share <strong>{bytes(answer.peak)}</strong> of memory; without sharing they would need {bytes(answer.sum)}.{" "}
            {slowest(answer)}
          </p>
          <div>
            <p class="caption">
              <b>Memory during a run</b>: time from left to right, addresses from top to bottom
            </p>
            <Plan answer={answer} step={step} onStep={go} />
          </div>
          <Player
            label="Run the program"
            steps={count}
            step={step}
            onStep={go}
            describe={(at) => answer.instructions[at]?.operation ?? ""}
          />
          <p class="readout">
            Instruction {step + 1}: <code>{now.operation}</code> of {layerOf(now)}
          </p>
          <Listing answer={answer} step={step} onStep={go} />
          <Race request={requestOf()} graphics={state.graphics} onGraphics={(graphics) => set({ graphics })} />
        </>
      )}
      <Code text={codeOf(state)} />
    </>
  );
}
