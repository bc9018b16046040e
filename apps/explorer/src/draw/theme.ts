import { effect, signal, type Signal } from "@preact/signals";

/** Colours as the system has them, or as the reader wants them. */
export type Theme = "auto" | "light" | "dark";

/** The reader's choice. */
export const theme: Signal<Theme> = signal("auto");

/** Whether the page is dark now: canvases cannot ask the style sheet. */
export const isDark: Signal<boolean> = signal(false);

/** From one choice to the next. */
export function nextTheme(): void {
  theme.value = ({ auto: "light", light: "dark", dark: "auto" } as const)[theme.value];
}

/** Lets the document follow the choice, and the choice the system. Returns what ends that. */
export function followTheme(root: HTMLElement): () => void {
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
  };
}
