import type { JSX } from "preact";
import { shown } from "../../draw/shown.ts";

/** What a {@link Scores} shows. */
export interface ScoresProps {
  readonly classes: readonly string[];
  /** A share of 1 for each class. */
  readonly shares: ArrayLike<number>;
  /** The shares before something was changed, to be compared with. */
  readonly before?: ArrayLike<number> | undefined;
  /** Picks the number that a share comes from. */
  readonly onPick?: ((index: number) => void) | undefined;
}

/** How sure a net is of each class. */
export function Scores({ classes, shares, before, onPick }: ScoresProps): JSX.Element {
  const best = Array.from(shares).reduce((most, share, i, all) => (share > all[most]! ? i : most), 0);
  return (
    <ol class="scores">
      {classes.map((name, i) => {
        const share = shares[i]!;
        const percent = `${shown(100 * share)} %`;
        const was = before === undefined ? "" : `, before ${shown(100 * before[i]!)} %`;
        const row = (
          <>
            <span class="name">{name}</span>
            <span class="bar-of" aria-hidden="true">
              <span class="share" style={{ width: `${100 * share}%` }} />
              {before && <span class="was" style={{ left: `${100 * before[i]!}%` }} />}
            </span>
            <span class="percent">
              {percent}
              <span class="hidden">{was}</span>
            </span>
          </>
        );
        return (
          <li key={name} class={i === best ? "best" : ""}>
            {onPick === undefined ? (
              <div class="score">{row}</div>
            ) : (
              <button type="button" class="score" onClick={() => onPick(i)}>
                {row}
              </button>
            )}
          </li>
        );
      })}
    </ol>
  );
}
