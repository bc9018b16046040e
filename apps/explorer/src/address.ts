/** The version of what stands behind the `#`. */
const VERSION = "1";

/** Texts by the name of a field. A map, since names come from addresses: as keys of an object, some would reach its prototype. */
export type Texts = ReadonlyMap<string, string>;

/** Content of an address: texts by panel and field, and the panels to show, where not all are shown. */
export interface Address {
  readonly panels: ReadonlyMap<string, Texts>;
  readonly only: readonly string[];
  /** What is wrong with it, as a sentence for the reader. */
  readonly problem: string | undefined;
}

/**
 * Reads what stands behind the `#` of an address: `v=1&conv2d.stride=3&only=conv2d`. Whatever it is, something comes out; what
 * cannot be used is said.
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
      problem: `This address was made for version ${version.slice(0, 20)} of the page, this is version ${VERSION}; everything is shown as at first.`,
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

/** The other way round; the empty text where there is nothing to say. */
export function printAddress({ panels, only }: Pick<Address, "panels" | "only">): string {
  const texts = new URLSearchParams();
  for (const [id, fields] of panels) for (const [name, text] of fields) texts.set(`${id}.${name}`, text);
  if (only.length > 0) texts.set("only", only.join(","));
  const rest = texts.toString();
  return rest === "" ? "" : `#v=${VERSION}&${rest}`;
}
