import { useCompute } from "../../compute/compute.ts";
import { trainedBy } from "../../compute/learned.ts";
import { nameOf, processorsOn } from "../../compute/processor.ts";
import { Choice } from "../../controls/Choice.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { comparisonInWords, speedsInWords } from "./model.ts";
import type { PartProps } from "./sessionLoop.ts";

/** The processor that trains the net, the speeds of all that were used, and the difference of the last two. */
export function Processors({ session: { processing }, state, set }: PartProps) {
  const { processor: value } = state;
  const status = useCompute().status.value;
  if (status.kind !== "ready") return <></>;
  const { threads, isolated } = status.machine;
  const [now, comparison, refusal] = [
    trainedBy.value?.processor,
    processing.comparison.value,
    processing.refusal.value,
  ];
  return (
    <div class="processors">
      <Choice
        label="Computed by"
        options={processorsOn(threads)}
        value={threads === 1 && value === "all" ? "one" : value}
        onChange={(processor) => set({ processor })}
        nameOf={(processor) =>
          `${processor === "graphics" && now !== processor ? "try the " : ""}${nameOf(processor, threads)}`
        }
      />
      {!isolated && (
        <p class="caption">
          More threads need shared memory, which browsers allow only on pages with isolation headers.
        </p>
      )}
      <Notice
        text={refusal && now && `${refusal} Training continues on the same processor: ${nameOf(now, threads)}.`}
      />
      {now !== undefined && <p class="speed">{speedsInWords(processing.speeds.value, now, threads)}</p>}
      <p role="status">
        {value === "graphics" && now !== value
          ? "Looking for a graphics processor …"
          : comparison && comparisonInWords(comparison, threads)}
      </p>
    </div>
  );
}
