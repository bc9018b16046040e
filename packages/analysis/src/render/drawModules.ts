import { checkOptions } from "@convlens/backend";
import { extentOf, meanOf } from "../numbers.ts";
import { countModules, type ModularGraph } from "../structure/modularGraph.ts";
import { groupModules, type DrawnGraph, type DrawnStage } from "./groupModules.ts";
import { moduleShapes, moduleSizes } from "./moduleShapes.ts";
import type { Role } from "./palette.ts";
import { round, scene, shape, widthChecks, type Scene, type SceneShape, type WidthOptions } from "./scene.ts";

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Caption of a row: what it is, and its layer. */
type Caption = readonly [what: string, layer: string];

/** Largest and smallest distance from one input to the next. */
const [UNIT, LEAST_UNIT] = [46, 16];
const MARGIN = 24;
/** Room on the left for captions. */
const CAPTION = 190;
/** From one row to the next, or from the back of a plane to the front of the one above it. */
const GAP = 80;
/** Width and height of the drawing that no unit measures. */
const FRAME = 2 * MARGIN + 30;
/** Direction of a column of a grid on its way to the back; steeper where there is little room. */
const [BACK, STEEP_BACK] = [
  { x: 0.42, y: 0.3 },
  { x: 0.28, y: 0.5 },
];

const joined: Readonly<Record<string, string>> = {
  "+": "sums +",
  "−": "differences −",
  "×": "products ×",
  "÷": "quotients ÷",
  "∪": "joined channels ∪",
};

function captionOf(stage: DrawnStage): Caption {
  const { grid, whole, times } = stage;
  const [what, layer] = wholeCaptionOf(stage);
  const drawn = grid[0] === 1 ? `${grid[1]}` : `${grid[0]} × ${grid[1]}`;
  const isGrouped = grid[0] < whole[0] || grid[1] < whole[1];
  const where = [layer, isGrouped ? `drawn as ${drawn}` : ""].filter((part) => part !== "").join(", ");
  return [`${times > 1 ? `${times} times ` : ""}${what}`, where];
}

function wholeCaptionOf({ kind, label: text, whole: grid, channels, layer }: DrawnStage): Caption {
  const count = grid[0] * grid[1];
  const size = grid[0] === 1 ? `${count}` : `${grid[0]} × ${grid[1]}`;
  const many = count === 1 ? "" : `${size} `;
  if (kind === "input") return [`${size} inputs ${text}`, channels > 1 ? `${channels} numbers each` : ""];
  if (kind === "dense" && text === "n") return [count === 1 ? "a neuron n" : `${count} neurons n`, layer];
  if (kind === "join") return [`${many}${joined[text] ?? text}`, layer];
  const has = (kind === "convolution" || kind === "dense") && channels > 1;
  const neurons = has ? `, ${channels} neurons${count > 1 ? " each" : ""}` : "";
  return [`${many}${kind === "convolution" && count > 1 ? `copies of ${text}` : text}${neurons}`, layer];
}

/** Width of captions, estimated. */
const widestOf = (captions: readonly Caption[]): number =>
  MARGIN + 6.5 * Math.max(...captions.flat().map((text) => text.length));

/** Where each element lies over the inputs: in the middle of its receptive field. */
function placesOf({ stages }: DrawnGraph): Point[][] {
  const found: Point[][] = [];
  for (const { grid, edges, stands } of stages) {
    const [rows, columns] = grid;
    // Elements without a place of their own read the same: they lie side by side in the middle of it.
    const read = edges.map(({ stage, from }) => found[stage]![from]!);
    const middle = (pick: (point: Point) => number): number => {
      const [low, high] = extentOf(read.map(pick));
      return read.length === 0 ? 0 : (low + high) / 2;
    };
    const first = stands?.first ?? [middle(({ y }) => y), middle(({ x }) => x) - (columns - 1) / 2];
    const jump = stands?.jump ?? [0, 1];
    found.push(
      Array.from({ length: rows * columns }, (_, i) => ({
        x: first[1] + (i % columns) * jump[1],
        y: first[0] + Math.floor(i / columns) * jump[0],
      })),
    );
  }
  return found;
}

/** Sizes and places of a drawing, in pixels. */
interface ModuleLayout {
  readonly width: number;
  readonly height: number;
  /** Distance from one input to the next. */
  readonly unit: number;
  /** Whether captions stand beside the rows, or above them. */
  readonly isBeside: boolean;
  /** By stage and element. */
  readonly points: readonly (readonly Point[])[];
}

function layoutOf(graph: DrawnGraph, captions: readonly Caption[], widest: number): ModuleLayout {
  const places = placesOf(graph);
  const all = places.flat();
  const [left, right] = extentOf(all.map(({ x }) => x));
  const depth = graph.isPlane ? Math.max(...all.map(({ y }) => y)) : 0;
  const acrossBy = ({ x }: Point): number => right - left + depth * x;
  const isBeside = CAPTION + acrossBy(BACK) * UNIT + FRAME <= widest;
  const way = isBeside ? BACK : STEEP_BACK;
  const across = acrossBy(way);
  const unit = isBeside ? UNIT : Math.min(UNIT, Math.max(LEAST_UNIT, (widest - FRAME) / across));
  const start = isBeside ? CAPTION : 0;
  const width = Math.max(start + across * unit + FRAME, isBeside ? 0 : Math.min(widest, widestOf(captions)));
  // The first row of an image lies at the back.
  const backOf = ({ y }: Point): number => (graph.isPlane ? depth - y : 0) * unit;
  const rows: { readonly own: readonly Point[]; readonly base: number; readonly far: number }[] = [];
  for (const own of places) {
    const [near, far] = extentOf(own.map((place) => backOf(place) * way.y));
    const below = rows.at(-1);
    rows.push({ own, far, base: below === undefined ? 0 : below.base + GAP + Math.max(0, below.far - near) });
  }
  const height = Math.max(...rows.map(({ base, far }) => base + far)) + FRAME + (isBeside ? 0 : 24);
  const points = rows.map(({ own, base }) =>
    own.map((place) => ({
      x: start + MARGIN + 15 + (place.x - left) * unit + backOf(place) * way.x,
      y: height - MARGIN - 15 - base - backOf(place) * way.y,
    })),
  );
  return { width, height, unit, isBeside, points };
}

/** Scale of the elements of a stage: neighbours must not overlap. */
const scaleOf = ({ kind, grid, stands }: DrawnStage, unit: number): number =>
  grid[1] > 1 ? Math.min(1, ((stands?.jump[1] ?? 1) * unit) / (moduleSizes[kind].wide + 2)) : 1;

/** The lines to the elements of stage `s`. */
function drawEdges({ stages, isPlane }: DrawnGraph, s: number, { points, unit }: ModuleLayout): SceneShape {
  // In planes they begin at the top of an element, so that its letter stays free.
  const rises = stages.map((stage) => (isPlane ? moduleSizes[stage.kind].rise * scaleOf(stage, unit) : 0));
  const lines = stages[s]!.edges.map(({ stage: source, from, to }) => {
    const [below, b] = [points[source]![from]!, points[s]![to]!];
    const a = { x: below.x, y: below.y - rises[source]! };
    const data = { "data-stage": s, "data-from": `${source}.${from}`, "data-to": to };
    if (s - source === 1) return shape("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y, ...data });
    // A line that passes a stage bends around its elements.
    const bend = a.x + unit * 0.5;
    const path = `M${round(a.x)},${round(a.y)}C${round(bend)},${round(a.y - 20)} ${round(bend)},${round(b.y + 20)} ${round(b.x)},${round(b.y)}`;
    return shape("path", { fill: "none", d: path, ...data });
  });
  // The more lines, the paler each of them.
  const strength = Math.max(0.15, Math.min(0.8, Math.sqrt(40 / (lines.length || 1))));
  const thin = Math.min(1, unit / 30);
  return shape("g", { stroke: "line", "stroke-opacity": strength, "stroke-width": thin }, ...lines);
}

/** The elements of each stage. */
const drawElements = ({ stages, isPlane }: DrawnGraph, { points, unit }: ModuleLayout): SceneShape[][] =>
  stages.map((stage, s) => {
    const content = moduleShapes(stage, isPlane);
    const factor = scaleOf(stage, unit);
    const scale = factor === 1 ? "" : ` scale(${round(factor)})`;
    return points[s]!.map(({ x, y }, i) => {
      const transform = `translate(${+x.toFixed(1)} ${+y.toFixed(1)})${scale}`;
      return shape("g", { transform, "data-stage": s, "data-element": i }, ...content);
    });
  });

/** A caption that can be read on lines, too. */
function drawCaption(y: number, [what, layer]: Caption): SceneShape[] {
  const line = (text: string, down: number, fill: Role): SceneShape =>
    shape(
      "text",
      {
        ...{ x: MARGIN / 2, y: y + down, fill, stroke: "ground" },
        ...{ "stroke-width": 4, "stroke-linejoin": "round", "paint-order": "stroke" },
      },
      text,
    );
  return [line(what, -2, "ink"), ...(layer === "" ? [] : [line(layer, 14, "muted")])];
}

/**
 * A net as modules, with the inputs at the bottom and the output at the top: a circle for each input, a box for each copy of a
 * convolution's neurons, a pill for each window of a pooling, a trapezium for a fully connected layer, and all lines between them.
 * Nets of images are drawn as planes of cylinders. Captions stand beside the rows, or above them on narrow pages, where elements
 * are closer together. A net that would need more than about 150 kB is drawn in groups: an element stands for several neighbours,
 * and equal layers that follow each other are drawn once, as the captions say.
 * Elements and lines have `data-stage`, `data-element`, `data-from` and `data-to`, by which a page can highlight them.
 *
 * @example
 * ```ts
 * const net = sequential([new Conv1d({ filters: 1, kernelSize: 3 }), new Flatten(), new Dense({ units: 1 })]);
 * const svg = toSvg(drawModules(modularGraph(net, [9, 1]), { theme: "light", width: 328 }));
 * ```
 */
export function drawModules(graph: ModularGraph, options: WidthOptions = {}): Scene {
  checkOptions("drawModules", options, widthChecks);
  const { width: widest = Infinity, theme = "auto", title } = options;
  const drawn = groupModules(graph);
  const { stages, isPlane } = drawn;
  const told = stages.map(captionOf);
  const layout = layoutOf(drawn, told, widest);
  const edges = stages.map((_, s) => drawEdges(drawn, s, layout));
  const elements = drawElements(drawn, layout);
  const captions = told.flatMap((caption, s) => {
    const ys = layout.points[s]!.map(({ y }) => y);
    return drawCaption(layout.isBeside ? meanOf(ys) : Math.min(...ys) - 36, caption);
  });
  // Lines end behind the elements that they join. Planes are built from below, each over the lines to it.
  const layers = isPlane ? edges.flatMap((lines, s) => [lines, ...elements[s]!]) : [...edges, ...elements.flat()];
  const counts = countModules(graph);
  return scene(layout.width, layout.height, [...layers, ...captions], {
    theme,
    title: title ?? `${told.map(([what]) => what).join("; ")}. ${counts.elements} elements, ${counts.edges} lines`,
  });
}
