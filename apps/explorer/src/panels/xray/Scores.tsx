import type { ComponentChildren } from "preact";
import { shown } from "../../draw/shown.ts";
import { greatestOf } from "../../numbers.ts";

interface ScoresProps {
  readonly classes: readonly string[];
  /** Share of each class, from 0 to 1. */
  readonly shares: ArrayLike<number>;
  /** Shares before a change, for comparison. */
  readonly before?: ArrayLike<number> | undefined;
  /** Selects the logit of a class. */
  readonly onPick?: ((index: number) => void) | undefined;
}

/** A row of a list, which is a button if it leads somewhere. */
export function Row(props: {
  readonly class: string;
  readonly onPick: (() => void) | undefined;
  readonly children: ComponentChildren;
}) {
  const { class: name, onPick, children } = props;
  if (onPick === undefined) return <div class={name}>{children}</div>;
  return (
    <button type="button" class={name} onClick={onPick}>
      {children}
    </button>
  );
}

/** The share of each class as bars. */
export function Scores({ classes, shares, before, onPick }: ScoresProps) {
  const best = greatestOf(shares).index;
  return (
    <ol class="scores">
      {Array.from(shares, (share, i) => {
        const was = before?.[i];
        const row = (
          <>
            <span class="name">{classes[i]}</span>
            <span class="bar-of" aria-hidden="true">
              <span class="share" style={{ width: `${100 * share}%` }} />
              {was !== undefined && <span class="was" style={{ left: `${100 * was}%` }} />}
            </span>
            <span class="percent">
              {shown(100 * share)} %
              <span class="hidden">{was === undefined ? "" : `, before ${shown(100 * was)} %`}</span>
            </span>
          </>
        );
        return (
          <li key={i} class={i === best ? "best" : ""}>
            <Row class="score" onPick={onPick && (() => onPick(i))}>
              {row}
            </Row>
          </li>
        );
      })}
    </ol>
  );
}
