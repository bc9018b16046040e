import { useSignal } from "@preact/signals";
import { useCompute } from "../../compute/compute.ts";
import type { FloorRequest } from "../../compute/floor.ts";
import { useTask } from "../../compute/useTask.ts";
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

/** One program on several backends: how fast each is, and how much their results differ. */
export function Race({ request, graphics, onGraphics }: RaceProps) {
  const compute = useCompute();
  /** Why there is no graphics processor. */
  const missing = useSignal<string | undefined>(undefined);
  const { work, batch, net } = request;
  const { answer, problem, isRunning, start } = useTask("race", [work, batch, net, graphics]);
  const prepare = async () => {
    // Preparing it may take seconds, while other jobs go on.
    missing.value = graphics ? await compute.prepare("graphics") : undefined;
    return { ...request, graphics: graphics && missing.value === undefined };
  };
  const slow = answer?.racers[0]?.milliseconds ?? 1;
  return (
    <div class="contest">
      <div class="controls">
        <Button
          text={isRunning ? "Running …" : "Race the backends"}
          class="primary"
          disabled={isRunning}
          onClick={() => void start(prepare)}
        />
        <Check label="Try the graphics processor, too" value={graphics} onChange={onGraphics} />
      </div>
      <Notice text={answer && missing.value && `${missing.value} The other backends ran without it.`} />
      <Notice text={problem} />
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
