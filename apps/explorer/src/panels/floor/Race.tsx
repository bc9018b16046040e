import { batch as together, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useCompute } from "../../compute/compute.ts";
import type { FloorRequest, RaceAnswer } from "../../compute/floor.ts";
import type { Outcome } from "../../compute/protocol.ts";
import { Button } from "../../controls/Button.tsx";
import { Check } from "../../controls/Check.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { Table } from "../../controls/Table.tsx";
import { difference, shown } from "../../draw/shown.ts";
import { duration } from "./model.ts";

interface RaceProps {
  readonly request: FloorRequest;
  readonly graphics: boolean;
  readonly onGraphics: (graphics: boolean) => void;
}

/** A race that the reader starts, and its outcome until something else is requested. */
function useRace({ request, graphics }: RaceProps) {
  const compute = useCompute();
  const outcome = useSignal<Outcome<RaceAnswer> | undefined>(undefined);
  const isRunning = useSignal(false);
  /** Why there is no graphics processor. */
  const missing = useSignal<string | undefined>(undefined);
  const latest = useRef(0);
  const { work, batch, net } = request;
  useEffect(() => {
    latest.current++;
    missing.value = outcome.value = undefined;
    isRunning.value = false;
  }, [work, batch, net, graphics]);
  const start = async (): Promise<void> => {
    const mine = ++latest.current;
    isRunning.value = true;
    // Preparing it may take seconds, while other jobs go on.
    const why = graphics ? await compute.prepare("graphics") : undefined;
    if (mine !== latest.current) return;
    const found = await compute.ask("race", { ...request, graphics: graphics && why === undefined });
    if (mine !== latest.current) return;
    together(() => {
      missing.value = why;
      outcome.value = found;
      isRunning.value = false;
    });
  };
  return { outcome: outcome.value, isRunning: isRunning.value, missing: missing.value, start };
}

/** One program on several backends: how fast each is, and how much their results differ. */
export function Race(props: RaceProps) {
  const { outcome, isRunning, missing, start } = useRace(props);
  const answer = outcome?.kind === "answer" ? outcome.value : undefined;
  const slow = answer?.racers[0]?.milliseconds ?? 1;
  return (
    <div class="contest">
      <div class="controls">
        <Button
          text={isRunning ? "Running …" : "Race the backends"}
          class="primary"
          disabled={isRunning}
          onClick={() => void start()}
        />
        <Check label="Try the graphics processor, too" value={props.graphics} onChange={props.onGraphics} />
      </div>
      <Notice text={missing && `${missing} The other backends ran without it.`} />
      <Notice text={outcome?.kind === "problem" ? outcome.text : undefined} />
      {answer && (
        <Table
          label="The race"
          head={[
            "Backend",
            "Time of a run",
            "Speed-up",
            `Greatest difference of ${answer.compared} numbers from the reference`,
          ]}
          rows={answer.racers.map(({ name, milliseconds, difference: apart }, i) => [
            name,
            duration(milliseconds),
            shown(slow / milliseconds),
            <span class="apart-by">{i === 0 ? "" : difference(apart)}</span>,
          ])}
        />
      )}
    </div>
  );
}
