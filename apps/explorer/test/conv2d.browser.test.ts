import { describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import golden from "../../../tools/golden/seed.json" with { type: "json" };
import { barriers, cellsOf, openPage, textOf } from "./page.ts";

const { O, grad_ones } = golden.convDemo;
const asText = (map: readonly (readonly number[])[]): string[][] => map.map((row) => row.map(String));
const total = (): string => textOf("#conv2d .total").replaceAll("−", "-").replace(/^sum/, "");

/** Waits for the answer of the worker. */
const computed = (label: string, map: readonly (readonly number[])[]): Promise<void> =>
  expect.poll(() => cellsOf(label)).toEqual(asText(map));

describe("the convolution layer", () => {
  it("shows the published outputs, each with products that add up to it", async () => {
    openPage("#v=1&only=conv2d");
    await computed("Output map 1", O[0]!);
    await computed("Output map 2", O[1]!);
    const scrub = page.getByRole("slider", { name: "Slide the filters: step" });
    scrub.element().focus();
    for (const [filter, map] of O.entries())
      for (const row of map)
        for (const value of row) {
          // The last number is the result of the worker, the numbers before it are the terms.
          const [sum, result] = total().split(" = ");
          const parts = sum!.split(" + ").map((part) => Number(part.replace(/[()]/g, "")));
          expect(parts.reduce((a, b) => a + b)).toBe(value);
          expect(Number(result)).toBe(value);
          expect(parts).toHaveLength(4);
          expect(textOf("#conv2d .products h4")).toContain(`map ${filter + 1}`);
          await userEvent.keyboard("{ArrowRight}");
        }
  });

  it("is edited by keyboard and by pointer, with the same result", async () => {
    const { store } = openPage("#v=1&only=conv2d");
    await computed("Output map 1", O[0]!);
    // The weight above the first input is −1, so increasing the input by 1 decreases the output by 1.
    const changed = O[0]!.map((row, y) => row.map((value, x) => (x + y === 0 ? value - 5 : value)));
    page.getByRole("gridcell", { name: "input, slice 1, row 1, column 1: 0" }).element().focus();
    await userEvent.keyboard("5{Enter}");
    await computed("Output map 1", changed);
    expect(store.hash()).toContain("conv2d.edits=x0.0.0_5");

    await page.getByRole("button", { name: "Reset this panel" }).click();
    await computed("Output map 1", O[0]!);
    await page.getByRole("gridcell", { name: "input, slice 1, row 1, column 1: 0" }).click();
    await userEvent.keyboard("5{Enter}");
    await computed("Output map 1", changed);
    expect(store.hash()).toContain("conv2d.edits=x0.0.0_5");
  });

  it("shows the published gradients", async () => {
    openPage("#v=1&only=conv2d");
    await page.getByRole("radio", { name: "Backward" }).click();
    for (const [channel, map] of grad_ones.dX.entries())
      await expect
        .poll(() =>
          cellsOf(`Input slice ${channel + 1}`)
            .slice(1, -1)
            .map((row) => row.slice(1, -1)),
        )
        .toEqual(asText(map));
    for (const [filter, slices] of grad_ones.dW.entries())
      for (const [channel, map] of slices.entries())
        expect(cellsOf(`Filter ${filter + 1}, slice ${channel + 1}`)).toEqual(asText(map));
    expect([cellsOf("Bias 1"), cellsOf("Bias 2")].flat(2)).toEqual(grad_ones.db.map(String));
  });

  it("reports a window that does not fit, and fixes it with one click", async () => {
    const { store } = openPage("#v=1&only=conv2d&conv2d.stride=3");
    await expect.element(page.getByRole("note")).toHaveTextContent("not a whole number of positions");
    await page.getByRole("button", { name: "padding 2" }).click();
    await expect.poll(() => page.getByRole("note").query()).toBeNull();
    expect(store.hash()).toContain("conv2d.padding=2");
  });

  it("selects the output under the pointer, and keeps the one that is clicked", async () => {
    const { store } = openPage("#v=1&only=conv2d");
    await computed("Output map 2", O[1]!);
    const output = page.getByRole("gridcell", { name: "map 2, row 3, column 2: 8", exact: true });
    await output.hover();
    await expect.poll(total).toMatch(/= 8$/);
    await output.click();
    expect(store.state("conv2d").value["step"]).toBe(16);
    await page.getByRole("gridcell", { name: "input, slice 1, row 1, column 1: 0" }).hover();
    await expect.poll(() => textOf("#conv2d .readout")).toContain("This input contributes to 2 of 18 outputs");
  });

  it("opens with the state of its address, and lists the parts that it cannot use", async () => {
    openPage("#v=1&only=conv2d&conv2d.stride=1&conv2d.filters=1&conv2d.size=99");
    await expect.poll(() => cellsOf("Output map 1")).toHaveLength(5);
    await expect.element(page.getByRole("alert")).toHaveTextContent("conv2d.size=99");
  });

  it("is accessible", async () => {
    openPage("#v=1&only=conv2d&conv2d.stride=3");
    await expect.poll(() => cellsOf("Output map 1")[0]).toHaveLength(2);
    expect(await barriers()).toEqual([]);
    await page.getByRole("radio", { name: "Backward" }).click();
    await expect.poll(() => cellsOf("Bias 1")).toEqual([["4"]]);
    expect(await barriers()).toEqual([]);
  });
});
