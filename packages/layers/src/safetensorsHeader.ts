/** Largest depth of nested objects and lists; the format needs three. */
const DEEPEST = 8;
/** Largest number of entries of an object. */
const MOST_ENTRIES = 200_000;

const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];
/** Space, tab, line feed, carriage return. */
const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

/** Index after the closing quote of the string whose opening quote is at `at`; the end if there is no closing quote. */
function endOfText(json: Uint8Array, at: number): number {
  for (let i = at + 1; i < json.length; i++) {
    if (json[i] === BACKSLASH) i++;
    else if (json[i] === QUOTE) return i + 1;
  }
  return json.length;
}

/**
 * Checks the header of a safetensors file in one pass before it is parsed: that it begins with `{`, that no object has a key
 * twice (`JSON.parse` would keep the last), and that depth and number of entries are within limits, so that a hostile header
 * costs no memory.
 *
 * @throws `Error` that says what is wrong.
 */
export function checkHeaderText(json: Uint8Array): void {
  if (json[0] !== OPEN_OBJECT) throw new Error('it does not begin with "{"');
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** The keys of the objects around the current index; `undefined` for a list. */
  const around: (Set<string> | undefined)[] = [];
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      around.push(byte === OPEN_OBJECT ? new Set() : undefined);
      if (around.length > DEEPEST) throw new Error(`more than ${DEEPEST} nested brackets`);
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) around.pop();
    else if (byte === QUOTE) {
      const end = endOfText(json, at);
      let next = end;
      while (isSpace(json[next])) next++;
      const keys = around.at(-1);
      if (json[next] === COLON && keys !== undefined) {
        const key = JSON.parse(decoder.decode(json.subarray(at, end))) as string;
        if (keys.has(key)) throw new Error(`it has "${key}" twice in one object`);
        keys.add(key);
        if (keys.size > MOST_ENTRIES) throw new Error(`more than ${MOST_ENTRIES} entries`);
      }
      at = end - 1;
    }
  }
}
