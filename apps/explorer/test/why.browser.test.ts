import { explanationMethodNames } from "@convlens/analysis";
import { describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import { barriers, openPage, textOf } from "./page.ts";

const likeness = (method: string): number =>
  Number(textOf(`#why [data-method=${method}] strong`).replace("−", "-") || Number.NaN);
/** The probability of a class, in percent, in the n-th list of the panel. */
const percentOf = (name: string, list: number): number =>
  Number.parseFloat(
    [...document.querySelectorAll("#fool .scores")[list]!.querySelectorAll(".score")]
      .find((row) => row.querySelector(".name")?.textContent === name)!
      .querySelector(".percent")!.textContent,
  );

describe("the explanation methods", () => {
  it("do not change without shuffled weights, and those that depend on the weights change when all are shuffled", async () => {
    const { store } = openPage("#v=1&only=why");
    for (const method of explanationMethodNames) await expect.poll(() => likeness(method)).toBe(1);
    expect(textOf("#why .readout")).toContain("Why a 6?");
    const slider = page.getByRole("slider", { name: "Layers with shuffled weights" });
    slider.element().focus();
    await userEvent.keyboard("{ArrowRight}");
    await expect.poll(() => textOf("#why .readout")).toContain("“Fully connected: 10 numbers” are shuffled");
    await page.getByRole("button", { name: "all of them" }).click();
    expect(store.hash()).toContain("why.forgotten=3");
    for (const method of ["gradient", "smoothGrad", "occlusion"])
      await expect.poll(() => likeness(method)).toBeLessThan(0.7);
    await userEvent.keyboard("{Home}");
  });

  it("explain another class, by pointer or from the address", async () => {
    openPage("#v=1&only=why&why.target=0");
    await expect.poll(() => textOf("#why .readout")).toContain("Why a 0?");
    await page.getByRole("radio", { name: "3", exact: true }).click();
    await expect.poll(() => textOf("#why .readout")).toContain("Why a 3?");
    for (const method of explanationMethodNames) await expect.poll(() => likeness(method)).toBe(1);
    expect(await barriers()).toEqual([]);
  });
});

describe("covering and adversarial examples", () => {
  it("lower the probability when strokes are erased, by keyboard, and restore it with the strokes", async () => {
    const { store } = openPage("#v=1&only=fool&fool.epsilon=0");
    await expect.poll(() => document.querySelectorAll("#fool .scores").length).toBe(2);
    expect(percentOf("6", 0)).toBeGreaterThan(95);
    page.getByRole("application").element().focus();
    // Moves to the left of the loop, lowers the brush, and goes back and forth over it.
    const keys = (key: string, times: number): string => `{${key}}`.repeat(times);
    await userEvent.keyboard(`${keys("ArrowLeft", 6)}${keys("ArrowDown", 5)} `);
    for (let i = 0; i < 3; i++)
      await userEvent.keyboard(`${keys("ArrowRight", 15)}${keys("ArrowDown", 2)}${keys("ArrowLeft", 15)}{ArrowDown}`);
    await expect.poll(() => percentOf("6", 0)).toBeLessThan(90);
    expect(textOf("#fool .readout")).toMatch(/Ink of \d.* pixels is covered; /);
    expect(store.hash()).toContain("fool.cover=");
    await page.getByRole("button", { name: "Uncover all" }).click();
    await expect.poll(() => percentOf("6", 0)).toBeGreaterThan(95);
  });

  it("change pixels until the answer changes, and show by how much", async () => {
    openPage("#v=1&only=fool&fool.epsilon=0");
    await expect.poll(() => percentOf("6", 1)).toBeGreaterThan(95);
    const readouts = (): string => document.querySelectorAll("#fool .readout")[1]?.textContent ?? "";
    expect(readouts()).toContain("Nothing has changed yet");
    page
      .getByRole("slider", { name: /Hundredths/ })
      .element()
      .focus();
    await userEvent.keyboard("{ArrowRight}");
    await expect.poll(readouts).toContain("by more than 0.01");
    await page.getByRole("button", { name: "a quarter" }).click();
    await expect.poll(() => percentOf("6", 1)).toBeLessThan(50);
    expect(readouts()).toMatch(/by more than 0.25; you still read the same digit, but the net reads a [^6]/);
    expect(await barriers()).toEqual([]);
  });
});

describe("a feature", () => {
  const excitement = (): number =>
    Number(/is (\S+)\.$/.exec(textOf("#features .painting .readout"))?.[1] ?? Number.NaN);

  it("has patches of digits, the highest activation first, and a live visualization that can be stopped", async () => {
    const { store } = openPage("#v=1&only=features&features.steps=9999");
    const values = (): number[] =>
      [...document.querySelectorAll("#features .patches .caption")].map((caption) =>
        Number(caption.textContent.split(": ")[1]),
      );
    await expect.poll(() => values().length).toBe(9);
    expect(values()).toEqual(values().toSorted((a, b) => b - a));
    const first = values();
    page.getByRole("slider", { name: "Map" }).element().focus();
    await userEvent.keyboard("{ArrowRight}");
    await expect.poll(values).not.toEqual(first);
    expect(store.hash()).toContain("features.map=2");

    await page.getByRole("button", { name: "Paint" }).click();
    await expect.poll(excitement).toBeGreaterThan(0.1);
    await page.getByRole("button", { name: "Stop" }).click();
    const stopped = textOf("#features .painting .readout");
    expect(stopped).toMatch(/Step \d+ of 9999/);
    // All earlier answers have arrived when a later request is answered.
    await page.getByRole("button", { name: "a map of the first convolution" }).click();
    await expect.poll(() => textOf("#features .painting .readout")).toContain("Press Paint");
    await page.getByRole("button", { name: "one of the second" }).click();
    await expect.poll(values).toEqual(first);
    expect(textOf("#features .painting .readout")).toContain("Press Paint");
    expect(await barriers()).toEqual([]);
  });

  it("is visualized to the end", async () => {
    openPage("#v=1&only=features&features.steps=16&features.layer=2&features.map=3");
    await expect.poll(() => document.querySelectorAll("#features .patches li").length).toBe(9);
    await page.getByRole("button", { name: "Paint" }).click();
    await expect.poll(() => textOf("#features .painting .readout")).toContain("Step 16 of 16");
    await expect.element(page.getByRole("button", { name: "Paint" })).toBeInTheDocument();
  });
});
