import { lexer, type Token, type Tokens } from "marked";
import type { ComponentChildren, JSX } from "preact";
import { useMemo } from "preact/hooks";

/** What a {@link Text} says. */
export interface TextProps {
  /** Markdown: paragraphs, lists, emphasis, code and links. */
  readonly source: string;
  /** Follows a link to `set:…`, which is written as a button. */
  readonly onSay: (change: string) => void;
}

/** The running text of a panel, whose sentences can set its figure. */
export function Text({ source, onSay }: TextProps): JSX.Element {
  const tokens = useMemo(() => lexer(source), [source]);
  const all = (tokens: readonly Token[] | undefined): ComponentChildren => tokens?.map((token) => one(token));
  const one = (token: Token): ComponentChildren => {
    switch (token.type) {
      case "paragraph":
        return <p>{all((token as Tokens.Paragraph).tokens)}</p>;
      case "strong":
        return <strong>{all((token as Tokens.Strong).tokens)}</strong>;
      case "em":
        return <em>{all((token as Tokens.Em).tokens)}</em>;
      case "codespan":
        return <code>{(token as Tokens.Codespan).text}</code>;
      case "list":
        return (
          <ul>
            {(token as Tokens.List).items.map((item) => (
              <li>{all(item.tokens)}</li>
            ))}
          </ul>
        );
      case "link":
        return link(token as Tokens.Link);
      case "space":
        return undefined;
      default:
        return "tokens" in token && token.tokens !== undefined ? all(token.tokens) : (token as Tokens.Text).text;
    }
  };
  const link = ({ href, tokens }: Tokens.Link): JSX.Element =>
    href.startsWith("set:") ? (
      <button type="button" class="say" onClick={() => onSay(href.slice("set:".length))}>
        {all(tokens)}
      </button>
    ) : (
      <a href={href}>{all(tokens)}</a>
    );
  return <div>{all(tokens)}</div>;
}
