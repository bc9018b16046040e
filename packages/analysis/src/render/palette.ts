import type { Theme } from "./colorMaps.ts";

/**
 * What a colour stands for. Colour is never the only difference: negative weights are drawn double, gradients dashed, and
 * selections in a casing of ink.
 */
export type Role =
  "ground" | "ink" | "muted" | "line" | "input" | "activation" | "positive" | "negative" | "gradient" | "selected";

/** Colours of each role on light and dark pages. All except lines and selections have enough contrast for text on their ground. */
export const palette: Readonly<Record<Theme, Readonly<Record<Role, string>>>> = {
  light: {
    ground: "#ffffff",
    ink: "#1d2129",
    muted: "#5e646c",
    line: "#82868e",
    input: "#035aab",
    activation: "#198166",
    positive: "#b15f01",
    negative: "#301c9c",
    gradient: "#84005f",
    selected: "#f1bc0c",
  },
  dark: {
    ground: "#1a1d24",
    ink: "#e8eaf0",
    muted: "#9fa5ae",
    line: "#6d7279",
    input: "#3899f3",
    activation: "#76ebc5",
    positive: "#fca942",
    negative: "#c2b2f2",
    gradient: "#f153aa",
    selected: "#ffe148",
  },
};
