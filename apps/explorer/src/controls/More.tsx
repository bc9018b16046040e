import type { ComponentChildren, JSX } from "preact";

/** Properties of {@link More}. */
export interface MoreProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

/** Controls that few readers need, behind a title that opens them. */
export function More({ title, children }: MoreProps): JSX.Element {
  return (
    <details class="more">
      <summary>{title}</summary>
      <div class="controls">{children}</div>
    </details>
  );
}
