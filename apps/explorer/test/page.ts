import axe from "axe-core";
import { afterEach, beforeEach, expect, vi } from "vitest";
import "../src/style/main.css";
import { Compute } from "../src/compute/compute.ts";
import { mount, type Mounted } from "../src/mount.tsx";

/** One worker for all tests of a file. */
const compute = new Compute();
let mounted: Mounted | undefined;
let root: HTMLElement | undefined;

/**
 * Opens the page with a state in its address, as a reader does, and closes the open one. The page is closed after the test, which
 * fails if the console has errors.
 *
 * @param worker - The worker, by default the one that all tests share.
 */
export function openPage(hash: string, worker: Compute = compute): Mounted {
  closePage();
  history.replaceState(null, "", `${location.pathname}${location.search}${hash}`);
  root = document.body.appendChild(document.createElement("div"));
  mounted = mount(root, worker);
  return mounted;
}

function closePage(): void {
  mounted?.end();
  root?.remove();
  mounted = root = undefined;
}

beforeEach(() => {
  vi.spyOn(console, "error");
  vi.spyOn(console, "warn");
});

afterEach(() => {
  closePage();
  delete document.documentElement.dataset["theme"];
  expect(console.error).not.toHaveBeenCalled();
  expect(console.warn).not.toHaveBeenCalled();
});

/** The texts of the cells of a grid, row by row. */
export const cellsOf = (label: string): string[][] =>
  [...document.querySelectorAll(`[role=grid][aria-label="${label}"] [role=row]`)].map((row) =>
    [...row.querySelectorAll("[role=gridcell]")].map((cell) => cell.textContent.replace("−", "-")),
  );

/** The text of an element of the page. */
export const textOf = (selector: string): string => document.querySelector(selector)?.textContent ?? "";

/** All accessibility problems, in light and dark colours; empty if there are none. */
export async function barriers(): Promise<string[]> {
  const found: string[] = [];
  for (const theme of ["light", "dark"]) {
    document.documentElement.dataset["theme"] = theme;
    await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined)));
    const { violations } = await axe.run(root!, { resultTypes: ["violations"] });
    found.push(
      ...violations.map(
        ({ id, nodes }) =>
          `${theme}: ${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`,
      ),
    );
  }
  return found;
}
