import type { JSX } from "preact";

/** A button with a text. It submits nothing, which a `button` does by default. */
export function Button({ text, ...attributes }: JSX.IntrinsicElements["button"] & { readonly text: string }) {
  return (
    <button type="button" {...attributes}>
      {text}
    </button>
  );
}
