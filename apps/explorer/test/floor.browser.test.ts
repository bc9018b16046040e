import { describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import { barriers, openPage, textOf } from "./page.ts";

const rows = (): number => document.querySelectorAll("#floor .listing tbody tr").length;
const chosen = (): string => textOf("#floor .listing tr.chosen button");

describe("the compiled program", () => {
  it("is longer for training, and can be stepped through by keyboard and by pointer", async () => {
    const { store } = openPage("#v=1&only=floor");
    await expect.poll(rows).toBeGreaterThan(4);
    const reading = rows();
    expect(Number(textOf("#floor .counts strong"))).toBe(reading);
    page.getByRole("slider", { name: "Run the program: step" }).element().focus();
    await userEvent.keyboard("{ArrowRight}{ArrowRight}");
    await expect.poll(chosen).toBe("3");
    expect(textOf("#floor .readout")).toContain("Instruction 3: conv2dBiasRelu of layers.4 (ReLU)");
    expect(document.querySelectorAll("#floor .plan .made").length).toBe(1);
    await page.getByRole("button", { name: "2", exact: true }).click();
    await expect.poll(chosen).toBe("2");
    expect(store.hash()).toContain("floor.step=2");
    await page.getByRole("radio", { name: "learn from digits" }).click();
    await expect.poll(rows).toBeGreaterThan(2 * reading);
    expect(await barriers()).toEqual([]);
  });

  it("runs on other backends, with nearly the same results", async () => {
    openPage("#v=1&only=floor&floor.batch=8");
    await page.getByRole("button", { name: "Race the backends" }).click();
    await expect.poll(() => document.querySelectorAll("#floor .contest tbody tr").length).toBeGreaterThanOrEqual(2);
    const apart = [...document.querySelectorAll("#floor .apart-by")].slice(1).map((cell) => cell.textContent);
    // The bits are the same on any number of threads; the reference differs a little.
    expect(new Set(apart).size).toBe(1);
    expect(apart[0]).toMatch(/10\^−[5-9]$/);
    expect(await barriers()).toEqual([]);
  });
});
