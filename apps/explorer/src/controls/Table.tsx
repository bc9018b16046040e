import type { ComponentChildren } from "preact";

interface TableProps {
  readonly label: string;
  readonly head: readonly ComponentChildren[];
  /** Cells by row. The first cell of a row is its header. */
  readonly rows: readonly (readonly ComponentChildren[])[];
  readonly class?: string;
}

/** A table of numbers, which scrolls by itself if it is wider than the page. */
export function Table({ label, head, rows, class: name }: TableProps) {
  return (
    <div class="wide" tabIndex={0} role="region" aria-label={label}>
      <table class={name}>
        <thead>
          <tr>
            {head.map((title, i) => (
              <th scope="col" key={i}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first, ...cells], i) => (
            <tr key={i}>
              <th scope="row">{first}</th>
              {cells.map((cell, k) => (
                <td key={k}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
