import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useCompute } from "../../compute/compute.ts";
import type { FloorRequest, RaceAnswer } from "../../compute/floorWork.ts";
import type { Outcome } from "../../compute/protocol.ts";
import { difference, shown } from "../../draw/shown.ts";
import { duration } from "./model.ts";

/** One program on several backends, on demand: how fast each is, and how far their results are apart. */
export function Race({ request }: { readonly request: FloorRequest }): JSX.Element {
  const compute = useCompute();
  const outcome = useSignal<Outcome<RaceAnswer> | undefined>(undefined);
  const isRunning = useSignal(false);
  const latest = useRef(0);
  const { work, batch, net } = request;
  useEffect(() => {
    latest.current++;
    outcome.value = undefined;
    isRunning.value = false;
  }, [work, batch, net]);
  const start = (): void => {
    const mine = ++latest.current;
    isRunning.value = true;
    void compute.ask("race", request).then((found) => {
      if (mine !== latest.current) return;
      outcome.value = found;
      isRunning.value = false;
    });
  };
  const answer = outcome.value?.kind === "answer" ? outcome.value.value : undefined;
  const slow = answer?.racers[0]?.milliseconds ?? 1;
  return (
    <div class="contest">
      <div class="controls">
        <button type="button" class="primary" disabled={isRunning.value} onClick={start}>
          {isRunning.value ? "Running …" : "Race the backends"}
        </button>
      </div>
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
