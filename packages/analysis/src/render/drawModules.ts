import { countModules, type ModularGraph, type ModularStage } from "../modularGraph.ts";
import { drawing, element, label, round, type DrawOptions } from "./svg.ts";

interface Point {
  readonly x: number;
  readonly y: number;
}

const UNIT = 46;
const MARGIN = 24;
/** Room on the left for what each row is. */
const CAPTION = 190;
/** Of images: how far a row of the grid goes to the right and up, on its way to the back. */
const BACK = { x: 0.42, y: 0.3 };

/** How the letters of convolutions differ, beside the letters: filled, outlined, pale, dashed. */
const looks: readonly Readonly<Record<string, string>>[] = [
  { class: "f-activation s-activation" },
  { class: "f-ground s-activation" },
  { class: "f-activation s-activation", "fill-opacity": "0.3" },
  { class: "f-ground s-activation", "stroke-dasharray": "4 2" },
];
const letterRoles = ["f-ground", "f-activation", "f-ink", "f-activation"];

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

/** What stands beside a row. */
function captionOf({ kind, label: text, grid, channels, layer }: ModularStage): readonly [string, string] {
  const count = grid[0] * grid[1];
  const size = grid[0] === 1 ? `${count}` : `${grid[0]} × ${grid[1]}`;
  const many = count === 1 ? "" : `${size} `;
  if (kind === "input") return [`${size} inputs ${text}`, channels > 1 ? `${channels} numbers each` : ""];
  if (kind === "dense" && text === "n") return [count === 1 ? "a neuron n" : `${count} neurons n`, layer];
  const neurons = kind === "convolution" && channels > 1 ? `, ${channels} neurons each` : "";
  return [`${many}${kind === "convolution" && count > 1 ? `copies of ${text}` : text}${neurons}`, layer];
}

/** Where each element lies over the inputs: in the middle of what it sees. */
function placesOf({ stages }: ModularGraph): Point[][] {
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
 * Elements and lines carry `data-stage`, `data-element`, `data-from` and `data-to`, for pages that light them up.
 *
 * @example
 * ```ts
 * const net = sequential([new Conv1d({ filters: 1, kernelSize: 3 }), new Flatten(), new Dense({ units: 1 })]);
 * const svg = drawModules(modularGraph(net, [9, 1]), { theme: "light" });
 * ```
 */
export function drawModules(graph: ModularGraph, { theme = "auto", title }: DrawOptions = {}): string {
  const { stages, isPlane } = graph;
  const places = placesOf(graph);
  const all = places.flat();
  const [left, right] = [Math.min(...all.map(({ x }) => x)), Math.max(...all.map(({ x }) => x))];
  const depth = isPlane ? Math.max(...all.map(({ y }) => y)) : 0;
  const rise = isPlane ? depth * UNIT * BACK.y + 74 : 84;
  const width = CAPTION + (right - left) * UNIT + depth * UNIT * BACK.x + 2 * MARGIN + 30;
  const height = (stages.length - 1) * rise + depth * UNIT * BACK.y + 2 * MARGIN + 30;
  const at = (stage: number, i: number): Point => {
    const { x, y } = places[stage]![i]!;
    // The first row of an image lies at the back.
    const back = isPlane ? depth - y : 0;
    return {
      x: CAPTION + MARGIN + 15 + (x - left) * UNIT + back * UNIT * BACK.x,
      y: height - MARGIN - 15 - stage * rise - back * UNIT * BACK.y,
    };
  };
  const content = stages.map((stage, s) => {
    const lines = stage.edges.map(({ stage: source, from, to }) => {
      const [a, b] = [at(source, from), at(s, to)];
      const data = { "data-stage": s, "data-from": `${source}.${from}`, "data-to": to };
      // What passes a stage by goes round its elements.
      const bend = a.x + UNIT * 0.5;
      if (s - source > 1)
        return element("path", {
          class: "line",
          d: `M${round(a.x)},${round(a.y)}C${round(bend)},${round(a.y - 20)} ${round(bend)},${round(b.y + 20)} ${round(b.x)},${round(b.y)}`,
          ...data,
        });
      return element("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y, ...data });
    });
    const shape = shapeOf(stage, isPlane);
    const elements = places[s]!.map((_, i) => {
      const { x, y } = at(s, i);
      return element(
        "g",
        { transform: `translate(${+x.toFixed(1)} ${+y.toFixed(1)})`, "data-stage": s, "data-element": i },
        shape,
      );
    });
    const [what, where] = captionOf(stage);
    const middle = places[s]!.reduce((sum, _, i) => sum + at(s, i).y, 0) / places[s]!.length;
    const words =
      label(MARGIN / 2, middle - 2, what, { anchor: "start", class: "f-ink" }) +
      (where === "" ? "" : label(MARGIN / 2, middle + 14, where, { anchor: "start", class: "f-muted" }));
    const strength = lines.length > 60 ? "0.45" : "0.8";
    return {
      lines: element("g", { class: "s-line", "stroke-opacity": strength }, lines.join("") || " "),
      elements: elements.join("") + words,
    };
  });
  // Lines first: they end behind what they join. Planes are built from below, each over the lines to it.
  const layers = isPlane
    ? content.map(({ lines, elements }) => lines + elements)
    : [...content.map(({ lines }) => lines), ...content.map(({ elements }) => elements)];
  const counts = countModules(graph);
  const told = stages.map((stage) => captionOf(stage)[0]).join("; ");
  return drawing(width, height, layers.join(""), {
    theme,
    title: title ?? `${told}. ${counts.elements} elements, ${counts.edges} lines`,
  });
}
