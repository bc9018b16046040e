// Colours of numbers, each table from 0 to 1 at nine equal steps. Zero has the colour of the panel, so that what is 0 all but
// disappears; a sign has the same colour everywhere. Grey is for images only.

type Table = readonly string[];
const table = (stops: string): Table => stops.split(" ");

const NEGATIVE = {
  light: table("f6f6f8 dbdcf3 c0c1ee a5a6e7 8b8cdb 7373cc 5a59bd 443dad 301c9c"),
  dark: table("242427 313049 403d6e 4f4994 6057b7 786dc5 9183d4 a99be3 c2b2f2"),
};
const POSITIVE = {
  light: table("f8f6f5 f6decb f3c6a0 efad73 de9657 ca8044 b56a31 a0541d 8b3f03"),
  dark: table("262321 433124 613f24 814c22 a05b20 b77132 cf8944 e7a257 ffbc6a"),
};
const SEQUENCE = {
  light: table("fbfaf7 e2e5b4 a9d29d 67bd9c 3c9f9b 298092 1b6083 1a4071 1d2059"),
  dark: table("1b1e25 283155 334783 2b6a95 2e8da1 43ada5 77caa1 b8e2a4 f5f8b5"),
};

/** How numbers become colours: by sign and size, by size alone, or as the grey of an image. */
export type Colours = "signed" | "sequence" | "grey";

const STEPS = 256;

const channels = (stop: string): number[] => [0, 2, 4].map((at) => Number.parseInt(stop.slice(at, at + 2), 16));

/** A colour of a table at `t` from 0 to 1. */
function between(stops: Table, t: number): number[] {
  const at = Math.max(0, Math.min(1, t)) * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(at));
  const [from, to] = [channels(stops[low]!), channels(stops[low + 1]!)];
  return from.map((value, i) => Math.round(value + (to[i]! - value) * (at - low)));
}

const made = new Map<string, Uint8ClampedArray>();

/** 256 colours as `r, g, b, 255`: from the least to the largest number; for signed ones from −largest to largest. */
export function coloursOf(colours: Colours, isDark: boolean): Uint8ClampedArray {
  const shade = isDark ? "dark" : "light";
  const key = `${colours} ${shade}`;
  let found = made.get(key);
  if (found === undefined) {
    found = new Uint8ClampedArray(4 * STEPS);
    for (let i = 0; i < STEPS; i++) {
      const t = i / (STEPS - 1);
      const signed = 2 * t - 1;
      const colour =
        colours === "grey"
          ? [t, t, t].map((value) => Math.round(255 * value))
          : colours === "sequence"
            ? between(SEQUENCE[shade], t)
            : between((signed < 0 ? NEGATIVE : POSITIVE)[shade], Math.abs(signed));
      found.set([...colour, 255], 4 * i);
    }
    made.set(key, found);
  }
  return found;
}

/** Numbers as pixels, with `least` and `largest` at the ends of the table. NaN is left out of the picture. */
export function paint(
  values: ArrayLike<number>,
  [least, largest]: readonly [number, number],
  table: Uint8ClampedArray,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * values.length);
  const scale = largest > least ? (STEPS - 1) / (largest - least) : 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    const step = Math.max(0, Math.min(STEPS - 1, Math.round((value - least) * scale)));
    for (let channel = 0; channel < 4; channel++) pixels[4 * i + channel] = table[4 * step + channel]!;
  }
  return pixels;
}
