import type { ComponentChildren } from "preact";

/** A part of a text: plain text or an element. */
export type Piece =
  | string
  | { readonly element: "p" | "strong" | "em" | "code" | "ul" | "li"; readonly parts: readonly Piece[] }
  | { readonly element: "a"; readonly href: string; readonly parts: readonly Piece[] };

interface TextProps {
  readonly pieces: readonly Piece[];
  /** Follows a link to `set:…`, which is a button. */
  readonly onSay: (change: string) => void;
}

/** The text of a panel, with buttons that set its state. */
export function Text({ pieces, onSay }: TextProps) {
  const all = (parts: readonly Piece[]): ComponentChildren => parts.map((part) => one(part));
  const one = (piece: Piece): ComponentChildren => {
    if (typeof piece === "string") return piece;
    const { parts } = piece;
    if (piece.element !== "a") return <piece.element>{all(parts)}</piece.element>;
    const { href } = piece;
    return href.startsWith("set:") ? (
      <button type="button" class="say" onClick={() => onSay(href.slice("set:".length))}>
        {all(parts)}
      </button>
    ) : (
      <a href={href}>{all(parts)}</a>
    );
  };
  return <div>{all(pieces)}</div>;
}
