import { checkOptions } from "@convlens/backend";
import { countModules, type ModularGraph, type ModularStage } from "../structure/modularGraph.ts";
import { groupModules, type DrawnGraph, type DrawnStage } from "./groupModules.ts";
import { drawing, element, escapeText, label, round, widthChecks, type WidthOptions } from "./svg.ts";

interface Point {
  readonly x: number;
  readonly y: number;
}

/** What a row is, and its layer. */
type Caption = readonly [what: string, layer: string];

/** From one input to the next, at most, and where there is little room. */
const [UNIT, LEAST_UNIT] = [46, 16];
const MARGIN = 24;
/** Room on the left for what each row is. */
const CAPTION = 190;
/** From one row to the next, or from the back of a plane to the front of the one above it. */
const GAP = 80;
/** Of images: how far a row of the grid goes to the right and up, on its way to the back; steeper where there is little room. */
const [BACK, STEEP_BACK] = [
  { x: 0.42, y: 0.3 },
  { x: 0.28, y: 0.5 },
];

/** How the letters of convolutions differ, beside the letters: filled, outlined, pale, dashed. */
const looks: readonly Readonly<Record<string, string>>[] = [
  { class: "f-activation s-activation" },
  { class: "f-ground s-activation" },
  { class: "f-activation s-activation", "fill-opacity": "0.3" },
  { class: "f-ground s-activation", "stroke-dasharray": "4 2" },
];
const letterRoles = ["f-ground", "f-activation", "f-ink", "f-activation"];

/** How wide elements are at most, and how far the lines from them begin above their middle where they lie in planes. */
const sizes: Readonly<Record<ModularStage["kind"], { readonly wide: number; readonly rise: number }>> = {
  input: { wide: 26, rise: 0 },
  convolution: { wide: 30, rise: 6 },
  largest: { wide: 40, rise: 12 },
  mean: { wide: 40, rise: 12 },
  dense: { wide: 30, rise: 14 },
  join: { wide: 22, rise: 11 },
};

/** A drawn element: its shape around (0, 0), and its letters. */
function shapeOf({ kind, label: text, grid }: ModularStage, isPlane: boolean): string {
  const words = (role: string, size = 13): string => label(0, size / 3, text, { class: role, "font-size": size });
  const look = looks[(text.charCodeAt(0) - 65) % looks.length]!;
  const letters = letterRoles[(text.charCodeAt(0) - 65) % looks.length]!;
  if (isPlane) {
    if (kind === "input")
      return (
        element("ellipse", { rx: 10, ry: 6, class: "f-input", "fill-opacity": "0.25" }) +
        element("ellipse", { rx: 10, ry: 6, class: "line s-input" })
      );
    if (kind === "convolution") {
      const ground = element("path", {
        d: "M-12,-6A12,6 0 0 1 12,-6V6A12,6 0 0 1 -12,6Z",
        class: "f-ground s-ground",
        "stroke-width": "3",
      });
      const side = element("path", { d: "M-12,-6V6A12,6 0 0 0 12,6V-6", "stroke-width": "1.2", ...look });
      const top = element("ellipse", {
        cy: -6,
        rx: 12,
        ry: 6,
        "stroke-width": "1.2",
        ...look,
        class: `${look["class"]} ${text === "A" ? "s-ground" : ""}`.trim(),
      });
      return ground + side + top + label(0, 9, text, { class: letters, "font-size": 11 });
    }
  }
  switch (kind) {
    case "input":
      return (
        element("circle", { r: 13, class: "f-input", "fill-opacity": "0.18" }) +
        element("circle", { r: 13, class: "line s-input", "stroke-width": "1.5" }) +
        words("f-input")
      );
    case "convolution":
      return (
        element("rect", { x: -15, y: -15, width: 30, height: 30, rx: 5, class: "f-ground" }) +
        element("rect", { x: -15, y: -15, width: 30, height: 30, rx: 5, "stroke-width": "1.5", ...look }) +
        words(letters)
      );
    case "largest":
    case "mean":
      return (
        element("rect", {
          ...{ x: -19, y: -12, width: 38, height: 24, rx: 12, class: "f-ground s-ink", "stroke-width": "2" },
          "stroke-dasharray": kind === "mean" ? "3 2" : undefined,
        }) + words("f-ink", 11)
      );
    case "dense":
      if (grid[1] > 1 || text === "n") return element("circle", { r: 15, class: "f-activation" }) + words("f-ground");
      return (
        element("path", { d: "M-26,14L-15,-14H15L26,14Z", class: "f-ink s-ink", "stroke-linejoin": "round" }) +
        words("f-ground")
      );
    default:
      return element("circle", { r: 11, class: "f-ground s-ink", "stroke-width": "1.5" }) + words("f-ink", 14);
  }
}

const joined: Readonly<Record<string, string>> = {
  "+": "sums +",
  "−": "differences −",
  "×": "products ×",
  "÷": "quotients ÷",
  "∪": "joined channels ∪",
};

/** What is said about a row. */
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

/** Where each element lies over the inputs: in the middle of what it sees. */
function placesOf({ stages }: DrawnGraph): Point[][] {
  const found: Point[][] = [];
  for (const { grid, edges, stands } of stages) {
    const [rows, columns] = grid;
    if (stands !== undefined) {
      const { first, jump } = stands;
      found.push(
        Array.from({ length: rows * columns }, (_, i) => ({
          x: first[1] + (i % columns) * jump[1],
          y: first[0] + Math.floor(i / columns) * jump[0],
        })),
      );
      continue;
    }
    // All see the same: side by side in the middle of what they read.
    const read = edges.map(({ stage, from }) => found[stage]![from]!);
    const middle = (pick: (point: Point) => number): number =>
      read.length === 0 ? 0 : (Math.min(...read.map(pick)) + Math.max(...read.map(pick))) / 2;
    found.push(
      Array.from({ length: rows * columns }, (_, i) => ({
        x: middle(({ x }) => x) + (i % columns) - (columns - 1) / 2,
        y: middle(({ y }) => y),
      })),
    );
  }
  return found;
}

/**
 * A net as modules, inputs below, answers on top: circles for inputs, a box for each copy of a convolution's neurons, rings for
 * poolings, a trapezium for a fully connected layer, and every line between them. Nets of images are drawn as planes of cylinders.
 * What each row is stands beside it, or above it where there is little room; elements then come closer together.
 * A net with too much to draw is drawn in groups, so that no drawing has more than about 150 kB: an element stands for several
 * neighbours, equal layers that follow each other are drawn once, and the captions say so.
 * Elements and lines carry `data-stage`, `data-element`, `data-from` and `data-to`, for pages that light them up.
 *
 * @example
 * ```ts
 * const net = sequential([new Conv1d({ filters: 1, kernelSize: 3 }), new Flatten(), new Dense({ units: 1 })]);
 * const svg = drawModules(modularGraph(net, [9, 1]), { theme: "light", width: 328 });
 * ```
 */
export function drawModules(graph: ModularGraph, options: WidthOptions = {}): string {
  checkOptions("drawModules", options, widthChecks);
  const { width: widest = Infinity, theme = "auto", title } = options;
  const drawn = groupModules(graph);
  const { stages, isPlane } = drawn;
  const places = placesOf(drawn);
  const all = places.flat();
  const [left, right] = [Math.min(...all.map(({ x }) => x)), Math.max(...all.map(({ x }) => x))];
  const depth = isPlane ? Math.max(...all.map(({ y }) => y)) : 0;
  /** What of its width and height no unit measures, and how many units it is wide. */
  const frame = 2 * MARGIN + 30;
  const acrossBy = ({ x }: Point): number => right - left + depth * x;
  const isBeside = CAPTION + acrossBy(BACK) * UNIT + frame <= widest;
  const way = isBeside ? BACK : STEEP_BACK;
  const across = acrossBy(way);
  const unit = isBeside ? UNIT : Math.min(UNIT, Math.max(LEAST_UNIT, (widest - frame) / across));
  const start = isBeside ? CAPTION : 0;
  const told = stages.map((stage) => captionOf(stage));
  const width = Math.max(start + across * unit + frame, isBeside ? 0 : Math.min(widest, widestOf(told)));
  // The first row of an image lies at the back.
  const backOf = ({ y }: Point): number => (isPlane ? depth - y : 0) * unit;
  const backs = places.map((own) => own.map((place) => backOf(place) * way.y));
  const heights: number[] = [];
  for (const [s, own] of backs.entries())
    heights.push(s === 0 ? 0 : heights[s - 1]! + GAP + Math.max(0, Math.max(...backs[s - 1]!) - Math.min(...own)));
  const tops = heights.map((height, s) => height + Math.max(...backs[s]!));
  const height = Math.max(...tops) + frame + (isBeside ? 0 : 24);
  const at = (stage: number, i: number): Point => {
    const place = places[stage]![i]!;
    return {
      x: start + MARGIN + 15 + (place.x - left) * unit + backOf(place) * way.x,
      y: height - MARGIN - 15 - heights[stage]! - backs[stage]![i]!,
    };
  };
  // No larger than their neighbours leave room.
  const scales = stages.map(({ kind, grid, stands }) =>
    grid[1] > 1 ? Math.min(1, ((stands?.jump[1] ?? 1) * unit) / (sizes[kind].wide + 2)) : 1,
  );
  const thin = Math.min(1, unit / 30);
  const content = stages.map((stage, s) => {
    const lines = stage.edges.map(({ stage: source, from, to }) => {
      const [below, b] = [at(source, from), at(s, to)];
      // In planes from the top of what it comes from, so that letters stay free.
      const rise = isPlane ? sizes[stages[source]!.kind].rise * scales[source]! : 0;
      const a = { x: below.x, y: below.y - rise };
      const data = { "data-stage": s, "data-from": `${source}.${from}`, "data-to": to };
      // What passes a stage by goes round its elements.
      const bend = a.x + unit * 0.5;
      if (s - source > 1)
        return element("path", {
          class: "line",
          d: `M${round(a.x)},${round(a.y)}C${round(bend)},${round(a.y - 20)} ${round(bend)},${round(b.y + 20)} ${round(b.x)},${round(b.y)}`,
          ...data,
        });
      return element("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y, ...data });
    });
    const shape = shapeOf(stage, isPlane);
    const scale = scales[s] === 1 ? "" : ` scale(${round(scales[s]!)})`;
    const elements = places[s]!.map((_, i) => {
      const { x, y } = at(s, i);
      return element(
        "g",
        { transform: `translate(${+x.toFixed(1)} ${+y.toFixed(1)})${scale}`, "data-stage": s, "data-element": i },
        shape,
      );
    });
    const ys = places[s]!.map((_, i) => at(s, i).y);
    const middle = isBeside ? ys.reduce((sum, y) => sum + y, 0) / ys.length : Math.min(...ys) - 36;
    // The more lines, the paler each: together they must not hide what they join.
    const strength = Math.max(0.15, Math.min(0.8, Math.sqrt(40 / (lines.length || 1))));
    return {
      lines: element("g", { class: "s-line", "stroke-opacity": strength, "stroke-width": thin }, lines.join("") || " "),
      elements: elements.join(""),
      words: captionAt(middle, told[s]!),
    };
  });
  // Lines first: they end behind what they join. Planes are built from below, each over the lines to it.
  const layers = isPlane
    ? content.map(({ lines, elements }) => lines + elements)
    : [...content.map(({ lines }) => lines), ...content.map(({ elements }) => elements)];
  const counts = countModules(graph);
  const words = content.map((stage) => stage.words);
  return drawing(width, height, layers.join("") + words.join(""), {
    theme,
    title: title ?? `${told.map(([what]) => what).join("; ")}. ${counts.elements} elements, ${counts.edges} lines`,
  });
}

/** About how wide captions are. */
const widestOf = (captions: readonly Caption[]): number =>
  MARGIN + 6.5 * Math.max(...captions.flat().map((text) => text.length));

/** Words that can be read on lines, too. */
function captionAt(y: number, [what, layer]: Caption): string {
  const line = (text: string, down: number, role: string): string =>
    element(
      "text",
      {
        ...{ x: MARGIN / 2, y: y + down, class: `${role} s-ground` },
        ...{ "stroke-width": 4, "stroke-linejoin": "round", "paint-order": "stroke" },
      },
      escapeText(text),
    );
  return line(what, -2, "f-ink") + (layer === "" ? "" : line(layer, 14, "f-muted"));
}
