import type { ModularStage } from "../structure/modularGraph.ts";
import type { Role } from "./palette.ts";
import { label, shape, type SceneShape, type ShapeAttributes } from "./scene.ts";

/** Looks of convolutions A, B, C and D, which differ by more than their letters: filled, outlined, pale, dashed. */
const looks: readonly ShapeAttributes[] = [
  { fill: "activation", stroke: "activation" },
  { fill: "ground", stroke: "activation" },
  { fill: "activation", stroke: "activation", "fill-opacity": "0.3" },
  { fill: "ground", stroke: "activation", "stroke-dasharray": "4 2" },
];
const letterRoles: readonly Role[] = ["ground", "activation", "ink", "activation"];

/** Width of elements, and the height above their middle at which the lines from them begin in planes. */
export const moduleSizes: Readonly<Record<ModularStage["kind"], { readonly wide: number; readonly rise: number }>> = {
  input: { wide: 26, rise: 0 },
  convolution: { wide: 30, rise: 6 },
  largest: { wide: 40, rise: 12 },
  mean: { wide: 40, rise: 12 },
  dense: { wide: 30, rise: 14 },
  join: { wide: 22, rise: 11 },
};

/** A cylinder with a letter: a convolution in a plane. */
function cylinder(letter: string, look: ShapeAttributes, role: Role): SceneShape[] {
  const side = { d: "M-12,-6V6A12,6 0 0 0 12,6V-6", "stroke-width": "1.2" };
  const top = { cy: -6, rx: 12, ry: 6, "stroke-width": "1.2" };
  return [
    shape("path", {
      d: "M-12,-6A12,6 0 0 1 12,-6V6A12,6 0 0 1 -12,6Z",
      ...{ fill: "ground", stroke: "ground", "stroke-width": "3" },
    }),
    shape("path", { ...side, ...look }),
    shape("ellipse", { ...top, ...look, stroke: letter === "A" ? "ground" : look.stroke }),
    label(0, 9, letter, { fill: role, "font-size": 11 }),
  ];
}

/** The shapes of an element around (0, 0), with its letters. */
export function moduleShapes({ kind, label: text, grid }: ModularStage, isPlane: boolean): SceneShape[] {
  const words = (fill: Role, size = 13): SceneShape => label(0, size / 3, text, { fill, "font-size": size });
  const variant = (text.charCodeAt(0) - 65) % looks.length;
  const [look, letters] = [looks[variant]!, letterRoles[variant]!];
  switch (kind) {
    case "input": {
      if (isPlane)
        return [
          shape("ellipse", { rx: 10, ry: 6, fill: "input", "fill-opacity": "0.25" }),
          shape("ellipse", { rx: 10, ry: 6, fill: "none", stroke: "input" }),
        ];
      return [
        shape("circle", { r: 13, fill: "input", "fill-opacity": "0.18" }),
        shape("circle", { r: 13, fill: "none", stroke: "input", "stroke-width": "1.5" }),
        words("input"),
      ];
    }
    case "convolution": {
      if (isPlane) return cylinder(text, look, letters);
      const box = { x: -15, y: -15, width: 30, height: 30, rx: 5 };
      return [
        shape("rect", { ...box, fill: "ground" }),
        shape("rect", { ...box, "stroke-width": "1.5", ...look }),
        words(letters),
      ];
    }
    case "largest":
    case "mean":
      return [
        shape("rect", {
          ...{ x: -19, y: -12, width: 38, height: 24, rx: 12, fill: "ground", stroke: "ink", "stroke-width": "2" },
          "stroke-dasharray": kind === "mean" ? "3 2" : undefined,
        }),
        words("ink", 11),
      ];
    case "dense":
      if (grid[1] > 1 || text === "n") return [shape("circle", { r: 15, fill: "activation" }), words("ground")];
      return [
        shape("path", { d: "M-26,14L-15,-14H15L26,14Z", fill: "ink", stroke: "ink", "stroke-linejoin": "round" }),
        words("ground"),
      ];
    case "join":
      return [shape("circle", { r: 11, fill: "ground", stroke: "ink", "stroke-width": "1.5" }), words("ink", 14)];
  }
}
