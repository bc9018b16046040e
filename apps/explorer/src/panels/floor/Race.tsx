import { batch as together, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useCompute } from "../../compute/compute.ts";
import type { FloorRequest, RaceAnswer } from "../../compute/floorWork.ts";
import type { Outcome } from "../../compute/protocol.ts";
import { Check } from "../../controls/Check.tsx";
import { difference, shown } from "../../draw/shown.ts";
import { duration } from "./model.ts";

/** One program on several backends, on demand: how fast each is, and how far their results are apart. */
export function Race(props: {
  readonly request: FloorRequest;
  readonly graphics: boolean;
  readonly onGraphics: (graphics: boolean) => void;
}): JSX.Element {
  const { request, graphics, onGraphics } = props;
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
  const start = (): void => {
    const mine = ++latest.current;
    isRunning.value = true;
    void (async () => {
      // Found beside all that is asked, since it may take seconds.
      const why = graphics ? await compute.prepare("graphics") : undefined;
      if (mine !== latest.current) return;
      const found = await compute.ask("race", { ...request, graphics: graphics && why === undefined });
      if (mine !== latest.current) return;
      together(() => {
        missing.value = why;
        outcome.value = found;
        isRunning.value = false;
      });
    })();
  };
  const answer = outcome.value?.kind === "answer" ? outcome.value.value : undefined;
  const slow = answer?.racers[0]?.milliseconds ?? 1;
  return (
    <div class="contest">
      <div class="controls">
        <button type="button" class="primary" disabled={isRunning.value} onClick={start}>
          {isRunning.value ? "Running …" : "Race the backends"}
        </button>
        <Check label="Try the graphics processor, too" value={graphics} onChange={onGraphics} />
      </div>
      {missing.value !== undefined && (
        <div class="notice" role="alert">
          <p>{missing.value} The others raced without it.</p>
        </div>
      )}
      {outcome.value?.kind === "problem" && (
        <div class="notice" role="alert">
          <p>{outcome.value.text}</p>
        </div>
      )}
      {answer && (
        <div class="wide" tabIndex={0} role="region" aria-label="The race">
          <table>
            <thead>
              <tr>
                <th scope="col">Backend</th>
                <th scope="col">A run</th>
                <th scope="col">Times as fast</th>
                <th scope="col">Greatest difference of {answer.compared} numbers from the reference</th>
              </tr>
            </thead>
            <tbody>
              {answer.racers.map(({ name, milliseconds, difference: apart }, i) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{duration(milliseconds)}</td>
                  <td>{shown(slow / milliseconds)}</td>
                  <td class="apart-by">{i === 0 ? "" : difference(apart)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
