import type { ComponentChildren } from "preact";

interface MoreProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

/** Controls that few readers need, behind a title that opens them. */
export function More({ title, children }: MoreProps) {
  return (
    <details class="more">
      <summary>{title}</summary>
      <div class="controls">{children}</div>
    </details>
  );
}
