import { readFileSync } from "node:fs";
import { lexer, type Token, type Tokens } from "marked";
import type { Plugin } from "vite";
import type { Piece } from "./src/article/Text.tsx";

const QUERY = "?pieces";

/** Elements by the names of the Markdown parser. */
const elements: Readonly<Record<string, Exclude<Piece, string>["element"]>> = {
  paragraph: "p",
  strong: "strong",
  em: "em",
  codespan: "code",
  list: "ul",
  list_item: "li",
  link: "a",
};

function piecesOf(token: Token): readonly Piece[] {
  if (token.type === "space") return [];
  const within = token.type === "list" ? (token as Tokens.List).items : "tokens" in token ? token.tokens : undefined;
  const parts = within === undefined ? [(token as Tokens.Text).text] : within.flatMap(piecesOf);
  const element = elements[token.type];
  if (element === undefined) return parts;
  return [element === "a" ? { element, href: (token as Tokens.Link).href, parts } : { element, parts }];
}

/** Parses Markdown into what the page shows: paragraphs, lists, emphasis, code and links. */
export const piecesIn = (markdown: string): readonly Piece[] => lexer(markdown).flatMap(piecesOf);

/** Plugin that parses texts (`text.md?pieces`) during the build, so that the page contains no Markdown parser. */
export function texts(): Plugin {
  return {
    name: "texts",
    load(id) {
      if (!id.endsWith(`.md${QUERY}`)) return undefined;
      const path = id.slice(0, -QUERY.length);
      this.addWatchFile(path);
      return `export default ${JSON.stringify(piecesIn(readFileSync(path, "utf8")))};`;
    },
  };
}
