import { shown } from "../../draw/shown.ts";
import { indexOfGreatest } from "../../numbers.ts";

interface ScoresProps {
  readonly classes: readonly string[];
  /** Share of each class, from 0 to 1. */
  readonly shares: ArrayLike<number>;
  /** Shares before a change, for comparison. */
  readonly before?: ArrayLike<number> | undefined;
  /** Selects the logit of a class. */
  readonly onPick?: ((index: number) => void) | undefined;
}

/** The share of each class as bars. */
export function Scores({ classes, shares, before, onPick }: ScoresProps) {
  const best = indexOfGreatest(shares);
  return (
    <ol class="scores">
      {classes.map((name, i) => {
        const share = shares[i]!;
        const was = before === undefined ? "" : `, before ${shown(100 * before[i]!)} %`;
        const row = (
          <>
            <span class="name">{name}</span>
            <span class="bar-of" aria-hidden="true">
              <span class="share" style={{ width: `${100 * share}%` }} />
              {before && <span class="was" style={{ left: `${100 * before[i]!}%` }} />}
            </span>
            <span class="percent">
              {shown(100 * share)} %<span class="hidden">{was}</span>
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
