import { describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import { barriers, openPage, textOf } from "./page.ts";

describe("the fit of a window", () => {
  it("reports leftover inputs, and fixes them by one click or key", async () => {
    const { store } = openPage("#v=1&only=fit");
    await expect.element(page.getByRole("note")).toHaveTextContent("No padding fixes that");
    expect(textOf("#fit .fit-formula")).toContain("= 4.5");
    await page.getByRole("button", { name: "W = 11" }).click();
    await expect.poll(() => textOf("#fit .readout")).toContain("5 windows");
    expect(store.hash()).toContain("fit.W=11");
    page.getByRole("slider", { name: "S, stride" }).element().focus();
    await userEvent.keyboard("{ArrowRight}");
    await expect.poll(() => textOf("#fit .fit-formula")).toContain("does not fit");
    await page.getByRole("button", { name: "227" }).click();
    await expect.poll(() => textOf("#fit .readout")).toContain("55 windows");
    await page.getByRole("button", { name: "224 pixels" }).click();
    await expect.poll(() => textOf("#fit .fit-formula")).toContain("= 54.25");
    expect(await barriers()).toEqual([]);
  });
});

describe("the layer as matrices", () => {
  it("gives the result of the convolution, and selects the same numbers", async () => {
    const { store } = openPage("#v=1&only=conv2d&conv2d.matrix=im2col");
    const windows = page.getByRole("img", { name: "Windows as columns: 27 × 9" });
    await expect.element(windows).toBeVisible();
    await expect.poll(() => textOf("#conv2d .matrices .said")).toContain("differ by 0");
    const { width } = windows.element().getBoundingClientRect();
    await windows.click({ position: { x: (4.5 / 9) * width, y: 10 } });
    await expect.poll(() => store.state("conv2d").value["step"]).toBe(4);
    await expect.poll(() => textOf("#conv2d .matrices .said")).toContain("Row 1 times column 5 is 4");
    page.getByRole("radio", { name: "windows as columns" }).element().focus();
    await userEvent.keyboard("{ArrowRight}");
    const matrix = page.getByRole("img", { name: /^The layer as a matrix of 18 × 75/ });
    await expect.element(matrix).toBeVisible();
    expect(textOf("#conv2d .toeplitz .said")).toContain("copies of 54");
    await matrix.click({ position: { x: 20, y: 4 } });
    await expect.poll(() => store.state("conv2d").value["step"]).toBe(0);
    expect(await barriers()).toEqual([]);
  });

  it("is read by keyboard, number by number, with the same selection", async () => {
    const { store } = openPage("#v=1&only=conv2d&conv2d.matrix=im2col");
    const windows = page.getByRole("application", { name: /^Windows as columns/ });
    await expect.element(windows).toBeVisible();
    const said = (): string => textOf("#conv2d [role=application]:focus [role=status]");
    windows.element().focus();
    // Tap 14 of the middle window is the middle of the second slice of the input.
    await userEvent.keyboard(`${"{ArrowRight}".repeat(4)}${"{ArrowDown}".repeat(13)}`);
    await expect
      .poll(said)
      .toMatch(
        /^Row 14, column 5: input slice 2, row 3, column 3: (\d); times weight of filter 1, slice 2, row 2, column 2: −?\d; for output map 1, row 2, column 2\.$/,
      );
    const hot = [...document.querySelectorAll("#conv2d .cell.hot")].map((cell) => cell.ariaLabel);
    expect(hot).toHaveLength(2);
    expect(hot[0]).toMatch(/^input, slice 2, row 3, column 3/);
    expect(hot[1]).toMatch(/^weight, filter 1, slice 2, row 2, column 2/);
    await userEvent.keyboard("{Enter}");
    expect(store.state("conv2d").value["step"]).toBe(4);
    expect(await barriers()).toEqual([]);

    await page.getByRole("radio", { name: "one matrix" }).click();
    const matrix = page.getByRole("application", { name: /^The layer as a matrix/ });
    await expect.element(matrix).toBeVisible();
    matrix.element().focus();
    // The first window overlaps the border: its middle is the input at row 1, column 1.
    await expect.poll(said).toContain("weight of filter 1, slice 1, row 2, column 2: −1, which is in 9 rows");
    expect(textOf("#conv2d .toeplitz .said")).toContain("The weight under the pointer is in 9 rows");
    await userEvent.keyboard("{End}");
    await expect.poll(said).toContain("Row 1, column 75: 0, no weight");
    await userEvent.keyboard("{PageDown}{Enter}");
    expect(store.state("conv2d").value["step"]).toBe(17);
    expect(await barriers()).toEqual([]);
  });
});

describe("a stack of maps", () => {
  it("shows the outputs of all filters at one place", async () => {
    const { store } = openPage("#v=1&only=stack");
    await expect.poll(() => textOf("#stack .readout")).toContain("−1.12");
    await page.getByRole("button", { name: "relu" }).click();
    await expect.poll(() => textOf("#stack .readout")).toContain("0.28, 0, 0.01]");
    page.getByRole("slider", { name: "Column" }).element().focus();
    await userEvent.keyboard("{Home}");
    expect(store.state("stack").value["column"]).toBe(1);
    await page.getByRole("img", { name: /^Map of outline/ }).click({ position: { x: 80, y: 40 } });
    expect(store.state("stack").value["column"]).toBeGreaterThan(20);
    expect(await barriers()).toEqual([]);
  });
});
