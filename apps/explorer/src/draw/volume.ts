/** A block of numbers. */
export interface Volume {
  readonly name: string;
  readonly shape: readonly [height: number, width: number, depth: number];
  readonly role: "input" | "map" | "pool" | "full";
}

/** A block with its place on the page, in pixels; `floor` is where it stands. */
export interface PlacedVolume {
  readonly tall: number;
  readonly back: number;
  readonly wide: number;
  readonly x: number;
  readonly floor: number;
}

/** What goes to the back goes to the right and up, by half, at 30 degrees. */
export const BACK = { x: 0.433, y: 0.25 };
/** The page of a figure is as wide. */
export const WIDTH = 1040;
const TALL = 150;
const LEAST_GAP = 14;
const MOST_GAP = 60;
const MOST_ON_A_LINE = 12;
/** Below the boxes, for a name and sizes of so many letters. */
const LETTER = 6.2;
/** Nothing is drawn thinner. */
const THINNEST = 1.5;

/** Puts volumes side by side in as few lines as can be read, all to one scale: their edges, or the cube roots of them. */
export function placeVolumes(
  volumes: readonly Volume[],
  scale: "true" | "root",
): { readonly placed: readonly PlacedVolume[]; readonly width: number; readonly height: number } {
  const edge = scale === "true" ? (size: number) => size : Math.cbrt;
  const lineCount = Math.max(1, Math.ceil(volumes.length / MOST_ON_A_LINE));
  const each = Math.ceil(volumes.length / lineCount);
  const lines = Array.from({ length: lineCount }, (_, i) => volumes.slice(i * each, (i + 1) * each));
  const tallest = Math.max(...volumes.map(({ shape: [h, w] }) => edge(h) + edge(w) * BACK.y));
  const room = WIDTH - LEAST_GAP * (each + 1);
  const widest = Math.max(
    ...lines.map((line) => line.reduce((sum, { shape: [, w, d] }) => sum + edge(d) + edge(w) * BACK.x, 0)),
  );
  const factor = Math.min(TALL / tallest, room / widest);
  const foot = 18 + LETTER * Math.max(...volumes.map((volume) => captionOf(volume).length));
  const placed: PlacedVolume[] = [];
  let [width, height] = [0, 0];
  for (const line of lines) {
    const boxes = line.map(({ shape: [h, w, d] }) => {
      const size = (n: number): number => Math.max(THINNEST, edge(n) * factor);
      return { tall: size(h), back: size(w), wide: size(d) };
    });
    const used = boxes.reduce((sum, { wide, back }) => sum + wide + back * BACK.x, 0);
    const gap = Math.min(MOST_GAP, (WIDTH - used) / (line.length + 1));
    const floor = height + 8 + Math.max(...boxes.map(({ tall, back }) => tall + back * BACK.y));
    let x = gap;
    for (const box of boxes) {
      placed.push({ ...box, x, floor });
      x += box.wide + box.back * BACK.x + gap;
    }
    width = Math.max(width, x);
    height = floor + foot;
  }
  return { placed, width, height };
}

/** What stands below a volume: `CONV3-64 224×224×64`. */
export const captionOf = ({ name, shape }: Volume): string =>
  `${name} ${shape[0] === 1 && shape[1] === 1 ? shape[2] : shape.join("×")}`;
