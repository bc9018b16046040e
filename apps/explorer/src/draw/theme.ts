import { palette, roleRules, type Role } from "@convlens/analysis/render";
import { effect, signal, type Signal } from "@preact/signals";

/** Colours of the page: those of the system, or those that the reader chose. */
export type Theme = "auto" | "light" | "dark";

/** The reader's choice. */
export const theme: Signal<Theme> = signal("auto");

/** Whether the page is dark now. Canvases need it, because they cannot use the style sheet. */
export const isDark: Signal<boolean> = signal(false);

/** Goes on to the next choice. */
export function nextTheme(): void {
  theme.value = ({ auto: "light", light: "dark", dark: "auto" } as const)[theme.value];
}

const roles = Object.keys(palette.light) as Role[];

/** The palette as variables of style sheets, and the colours of scenes. */
const roleStyle = `:root{${roles
  .map((role) => `--${role}:light-dark(${palette.light[role]},${palette.dark[role]})`)
  .join(";")}}${roleRules(".scene", (role) => `var(--${role})`)}`;

/** Applies the palette and the theme to the document, as the reader or the system changes it. Returns a function that stops that. */
export function followTheme(root: HTMLElement): () => void {
  const style = document.head.appendChild(document.createElement("style"));
  style.textContent = roleStyle;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const update = (): void => {
    isDark.value = theme.value === "auto" ? system.matches : theme.value === "dark";
  };
  system.addEventListener("change", update);
  const end = effect(() => {
    if (theme.value === "auto") delete root.dataset["theme"];
    else root.dataset["theme"] = theme.value;
    update();
  });
  return () => {
    system.removeEventListener("change", update);
    end();
    style.remove();
  };
}
