/** Version of the format behind the `#`. */
const VERSION = "1";

/** Texts by the name of a field. It is a map because addresses may contain names such as `__proto__`. */
export type Texts = ReadonlyMap<string, string>;

/** Content of an address: texts by panel and field, and the panels to show if not all are shown. */
interface Address {
  readonly panels: ReadonlyMap<string, Texts>;
  readonly only: readonly string[];
  /** A sentence for the reader about what is wrong with the address. */
  readonly problem: string | undefined;
}

/**
 * Parses the part of an address behind the `#`: `v=1&conv2d.stride=3&only=conv2d`. It never throws; `problem` says what is wrong.
 */
export function parseAddress(hash: string): Address {
  const texts = new URLSearchParams(hash.replace(/^#/, ""));
  const version = texts.get("v");
  const panels = new Map<string, Map<string, string>>();
  const only = (texts.get("only") ?? "").split(",").filter((id) => id !== "");
  if (version !== null && version !== VERSION)
    return {
      panels,
      only,
      problem: `This address was made for version ${version.slice(0, 20)} of the page, this is version ${VERSION}; so everything has its initial state.`,
    };
  for (const [key, text] of texts) {
    const dot = key.indexOf(".");
    if (dot <= 0) continue;
    const id = key.slice(0, dot);
    const fields = panels.get(id) ?? new Map<string, string>();
    panels.set(id, fields.set(key.slice(dot + 1), text));
  }
  return { panels, only, problem: undefined };
}

/** Prints an address; the empty text for the initial state. */
export function printAddress({ panels, only }: Pick<Address, "panels" | "only">): string {
  const texts = new URLSearchParams();
  for (const [id, fields] of panels) for (const [name, text] of fields) texts.set(`${id}.${name}`, text);
  if (only.length > 0) texts.set("only", only.join(","));
  const rest = texts.toString();
  return rest === "" ? "" : `#v=${VERSION}&${rest}`;
}
