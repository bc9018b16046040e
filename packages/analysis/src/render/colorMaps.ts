/** Theme of the page that is drawn on. */
export type Theme = "light" | "dark";

/**
 * Names of colour maps: `"sequential"` for 0 to 1 (activations, magnitudes), `"signed"` for −1 to 1 (weights, gradients),
 * `"gray"` for the pixels of photographs.
 */
export type ColorMapName = "sequential" | "signed" | "gray";

/** A map from numbers to colours. */
export interface ColorMap {
  readonly name: ColorMapName;
  readonly theme: Theme;
  /** The number of the first colour: 0, or −1 for a signed map. The last colour is that of 1. */
  readonly low: 0 | -1;
  /** Red, green and blue of 256 colours; of 257 for a signed map, so that 0 has a colour of its own. */
  readonly table: Uint8Array;
}

type Triple = readonly [number, number, number];

// Nine colours at equal distances in OKLab, with monotonic lightness. Zero has nearly the colour of the page, so that units
// without activation disappear.
const stops = {
  sequential: {
    light: "fbfaf7 e2e5b4 a9d29d 67bd9c 3c9f9b 298092 1b6083 1a4071 1d2059",
    dark: "1b1e25 283155 334783 2b6a95 2e8da1 43ada5 77caa1 b8e2a4 f5f8b5",
  },
  negative: {
    light: "f7f7f7 dbdcf3 c0c1ee a5a6e7 8b8cdb 7373cc 5a59bd 443dad 301c9c",
    dark: "252525 313049 403d6e 4f4994 6057b7 786dc5 9183d4 a99be3 c2b2f2",
  },
  positive: {
    light: "f7f7f7 f6decb f3c6a0 efad73 de9657 ca8044 b56a31 a0541d 8b3f03",
    dark: "252525 433124 613f24 814c22 a05b20 b77132 cf8944 e7a257 ffbc6a",
  },
} as const;

const toLinear = (x: number): number => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
const fromLinear = (x: number): number => (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055);

const times = (m: readonly Triple[], v: Triple): Triple =>
  m.map(([a, b, c]) => a * v[0] + b * v[1] + c * v[2]) as unknown as Triple;

// OKLab (Björn Ottosson 2020): linear light → responses of the eye's cones → their cube roots → lightness and two opponent
// colours.
const cones: readonly Triple[] = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const opponents: readonly Triple[] = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];
const fromOpponents: readonly Triple[] = [
  [1, 0.3963377774, 0.2158037573],
  [1, -0.1055613458, -0.0638541728],
  [1, -0.0894841775, -1.291485548],
];
const fromCones: readonly Triple[] = [
  [4.0767416621, -3.3077115913, 0.2309699292],
  [-1.2684380046, 2.6097574011, -0.3413193965],
  [-0.0041960863, -0.7034186147, 1.707614701],
];

const each = (v: Triple, f: (x: number, i: number) => number): Triple => v.map(f) as unknown as Triple;

/** Red, green and blue of 0 to 255 as lightness and two opponent colours, in which equal distances look equal. */
export function toOklab(rgb: Triple): Triple {
  const light = each(rgb, (x) => toLinear(x / 255));
  return times(opponents, each(times(cones, light), Math.cbrt));
}

function fromOklab(lab: Triple): Triple {
  const responses = each(times(fromOpponents, lab), (x) => x ** 3);
  return each(times(fromCones, responses), (x) => Math.round(255 * Math.min(1, Math.max(0, fromLinear(x)))));
}

/** `count` colours between the stops, interpolated in OKLab, including the first and the last stop. */
function ramp(text: string, count: number): Triple[] {
  const at = text.split(" ").map((hex) => toOklab(each([0, 2, 4], (i) => parseInt(hex.slice(i, i + 2), 16))));
  return Array.from({ length: count }, (_, i) => {
    const place = (i / (count - 1)) * (at.length - 1);
    const below = Math.min(at.length - 2, Math.floor(place));
    const [a, b] = [at[below]!, at[below + 1]!];
    return fromOklab(each(a, (x, k) => x + (b[k]! - x) * (place - below)));
  });
}

const made = /* @__PURE__ */ new Map<string, ColorMap>();

/**
 * A colour map for a light or a dark page. Equal steps of the number look like equal steps of the colour, also to readers with
 * red-green colour blindness. Sequential maps print well in grey.
 *
 * @example
 * ```ts
 * colorOf(colorMap("signed", "dark"), -0.5); // [96, 87, 183], a violet
 * ```
 */
export function colorMap(name: ColorMapName, theme: Theme = "light"): ColorMap {
  const key = `${name} ${theme}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const table = Uint8Array.from(colorsOf(name, theme).flat());
  const map: ColorMap = { name, theme, low: name === "signed" ? -1 : 0, table };
  made.set(key, map);
  return map;
}

function colorsOf(name: ColorMapName, theme: Theme): Triple[] {
  if (name === "sequential") return ramp(stops.sequential[theme], 256);
  // Greys of photographs are stored as they are shown, already perceptually even.
  if (name === "gray") return Array.from({ length: 256 }, (_, i) => [i, i, i]);
  return [...ramp(stops.negative[theme], 129).reverse(), ...ramp(stops.positive[theme], 129).slice(1)];
}

/**
 * The colour of a number: red, green and blue, 0 to 255. Numbers beyond the ends get the colour of the end, NaN is magenta.
 *
 * @example
 * ```ts
 * colorOf(colorMap("gray"), 0.5); // [128, 128, 128]
 * ```
 */
export function colorOf({ low, table }: ColorMap, x: number): readonly [red: number, green: number, blue: number] {
  if (Number.isNaN(x)) return [255, 0, 255];
  const last = table.length / 3 - 1;
  const at = 3 * Math.round(Math.min(1, Math.max(0, (x - low) / (1 - low))) * last);
  return [table[at]!, table[at + 1]!, table[at + 2]!];
}
