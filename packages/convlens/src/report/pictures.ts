import { encodePng } from "./png.ts";

type Colour = readonly [red: number, green: number, blue: number];

/** Dark to bright, evenly for the eye and for the colour-blind: five stops of viridis. */
const stops: readonly Colour[] = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
];
/** Below zero blue, above orange, zero white. */
const negative: Colour = [33, 102, 172];
const positive: Colour = [217, 95, 2];

const mix = (a: Colour, b: Colour, share: number): Colour =>
  a.map((x, i) => Math.round(x + (b[i]! - x) * share)) as unknown as Colour;

/** 0 to 1 as a colour. */
export function sequential(x: number): Colour {
  const at = Math.min(1, Math.max(0, x)) * (stops.length - 1);
  const below = Math.min(stops.length - 2, Math.floor(at));
  return mix(stops[below]!, stops[below + 1]!, at - below);
}

/** −1 to 1 as a colour. */
export const diverging = (x: number): Colour =>
  mix([255, 255, 255], x < 0 ? negative : positive, Math.min(1, Math.abs(x)));

/** Ink on paper. */
export const gray = (x: number): Colour => mix([255, 255, 255], [0, 0, 0], Math.min(1, Math.max(0, x)));

/** A picture that an `img` can show, each number a pixel; the page enlarges it without smoothing. */
export function picture(
  values: ArrayLike<number>,
  width: number,
  colour: (x: number) => Colour,
  about: string,
  size = 4,
): string {
  const height = values.length / width;
  const data = new Uint8Array(4 * values.length);
  for (let i = 0; i < values.length; i++) data.set([...colour(values[i]!), 255], 4 * i);
  const png = encodePng({ width, height, data }).toString("base64");
  return `<img alt="${about}" title="${about}" width="${width * size}" height="${height * size}" src="data:image/png;base64,${png}">`;
}
