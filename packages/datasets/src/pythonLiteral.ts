/** Value of a Python literal: tuples and lists are arrays, `None` is `null`. */
export type PythonValue = string | number | boolean | null | readonly PythonValue[] | ReadonlyMap<string, PythonValue>;

/** Largest depth of nested brackets. */
const DEEPEST = 16;

/** A bracket, comma or colon, or a simple value. */
type Token =
  { readonly sign: string } | { readonly sign?: undefined; readonly value: string | number | boolean | null };

const pattern =
  /\s*(?:([{}()[\],:])|[uU]?("[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')|(-?\d+)[lL]?(?![\w.])|(True|False|None)\b)/y;
const words: Readonly<Record<string, boolean | null>> = { True: true, False: false, None: null };

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  pattern.lastIndex = 0;
  for (let at = 0; at < end; at = pattern.lastIndex) {
    const found = pattern.exec(text);
    if (found === null) throw new Error(`unexpected ${JSON.stringify(text.slice(at, at + 20))} at character ${at}`);
    const [, sign, quoted, whole, word] = found;
    if (sign !== undefined) tokens.push({ sign });
    else if (quoted !== undefined) tokens.push({ value: quoted.slice(1, -1).replace(/\\(.)/gs, "$1") });
    else tokens.push({ value: whole === undefined ? words[word!]! : Number(whole) + 0 });
  }
  return tokens;
}

/**
 * Parses a Python literal: dictionaries with strings as keys, tuples, lists, strings, integers (also `2L`), `True`, `False`,
 * `None`.
 *
 * @throws `Error` that says what was expected, and what came.
 */
export function pythonLiteral(text: string): PythonValue {
  const tokens = tokensOf(text);
  let at = 0;
  const sign = (): string | undefined => tokens[at]?.sign;
  const shown = (): string => {
    const token = tokens[at];
    return token === undefined ? "the end" : (token.sign ?? JSON.stringify(token.value));
  };
  function expectSign(wanted: string): void {
    if (sign() !== wanted) throw new Error(`expected "${wanted}", got ${shown()}`);
    at++;
  }
  /** Reads elements up to the closing bracket. A tuple of one element has a comma; without it, it is a value in parentheses. */
  function elements(closing: string, depth: number): PythonValue {
    const found: PythonValue[] = [];
    let hasComma = false;
    while (sign() !== closing) {
      found.push(read(depth + 1));
      hasComma = sign() === ",";
      if (sign() !== closing) expectSign(",");
    }
    at++;
    return closing === ")" && found.length === 1 && !hasComma ? found[0]! : found;
  }
  function dictionary(depth: number): PythonValue {
    const found = new Map<string, PythonValue>();
    while (sign() !== "}") {
      const key = read(depth + 1);
      if (typeof key !== "string") throw new Error(`expected a string as a key, got ${JSON.stringify(key)}`);
      if (found.has(key)) throw new Error(`the key "${key}" occurs twice`);
      expectSign(":");
      found.set(key, read(depth + 1));
      if (sign() !== "}") expectSign(",");
    }
    at++;
    return found;
  }
  function read(depth: number): PythonValue {
    if (depth > DEEPEST) throw new Error(`more than ${DEEPEST} nested brackets`);
    const token = tokens[at];
    if (token === undefined) throw new Error("unexpected end");
    at++;
    if (token.sign === undefined) return token.value;
    if (token.sign === "{") return dictionary(depth);
    if (token.sign === "(") return elements(")", depth);
    if (token.sign === "[") return elements("]", depth);
    throw new Error(`unexpected ${token.sign}`);
  }
  const all = read(0);
  if (at < tokens.length) throw new Error(`expected the end, got ${shown()}`);
  return all;
}
