import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { useAnswer, useCompute } from "../../compute/compute.ts";
import type { FloorRequest } from "../../compute/floorWork.ts";
import { Choice } from "../../controls/Choice.tsx";
import { Code } from "../../controls/Code.tsx";
import { Player } from "../../controls/Player.tsx";
import type { PanelProps } from "../../panel.ts";
import { Listing } from "./Listing.tsx";
import { bytes, codeOf, duration, floorFields, layerOf, slowest } from "./model.ts";
import { Plan } from "./Plan.tsx";
import { Race } from "./Race.tsx";

/** The program that runs: its instructions, its memory, its times; and the same on other backends. */
export function FloorView({ state: signal, set }: PanelProps<typeof floorFields>): JSX.Element {
  const state = signal.value;
  const compute = useCompute();
  const work = useComputed(() => signal.value.work);
  const batch = useComputed(() => Number(signal.value.batch));
  const request = useComputed((): FloorRequest => ({
    net: compute.net.value?.version,
    work: work.value,
    batch: batch.value,
  }));
  const answered = useAnswer("floor", request);
  const outcome = answered.value?.outcome;
  const answer = outcome?.kind === "answer" ? outcome.value : undefined;
  const count = answer?.instructions.length ?? 0;
  const step = Math.min(state.step, Math.max(1, count)) - 1;
  const now = answer?.instructions[step];
  const go = (instruction: number): void => set({ step: instruction + 1 });
  return (
    <>
      <div class="controls">
        <Choice
          label="The machine is to"
          options={floorFields.work.options}
          value={state.work}
          onChange={(to) => set({ work: to })}
        />
        <Choice
          label="Digits at a time"
          options={floorFields.batch.options}
          value={state.batch}
          onChange={(to) => set({ batch: to })}
        />
      </div>
      {outcome?.kind === "problem" && (
        <div class="notice" role="alert">
          <p>{outcome.text}</p>
        </div>
      )}
      {answer && now && (
        <>
          <p class="counts" role="status">
            <strong>{count}</strong> instructions, <strong>{duration(answer.whole)}</strong> for a run. Its values share{" "}
            <strong>{bytes(answer.peak)}</strong> of memory; with memory of its own for each it would be{" "}
            {bytes(answer.sum)}. {slowest(answer)}
          </p>
          <div>
            <p class="caption">
              <b>Memory while it runs</b>: time from left to right, addresses from top to bottom
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
          <Race request={request.value} graphics={state.graphics} onGraphics={(graphics) => set({ graphics })} />
        </>
      )}
      <Code text={codeOf(state)} />
    </>
  );
}
