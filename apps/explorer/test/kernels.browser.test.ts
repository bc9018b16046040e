import { describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import { barriers, cellsOf, openPage, textOf } from "./page.ts";

const sumShown = (): number => Number(textOf("#kernels .equation .total strong").replace("−", "-") || Number.NaN);
const sumOfProducts = (): number =>
  cellsOf("Products")
    .flat()
    .reduce((sum, text) => sum + Number(text), 0);

/** Numbers have two decimals, so the sum of nine products may differ by nine half units. */
const agree = (): Promise<void> => expect.poll(() => Math.abs(sumShown() - sumOfProducts())).toBeLessThan(0.05);

describe("a kernel over an image", () => {
  it("shows products that add up to the computed pixel, at every place", async () => {
    const { store } = openPage("#v=1&only=kernels");
    await agree();
    const before = sumShown();
    const image = page.getByRole("img", { name: /^The image/ });
    await image.click({ position: { x: 200, y: 150 } });
    await agree();
    expect(sumShown()).not.toBe(before);
    expect(store.state("kernels").value["row"]).toBeGreaterThan(20);
    page.getByRole("slider", { name: "Column" }).element().focus();
    await userEvent.keyboard("{Home}");
    await expect.poll(() => store.state("kernels").value["column"]).toBe(1);
    await agree();
  });

  it("follows an edited cell, a preset, and a link of the text", async () => {
    const { store } = openPage("#v=1&only=kernels&kernels.image=square&kernels.row=32&kernels.column=32");
    await expect.poll(sumShown).toBe(0);
    page.getByRole("gridcell", { name: "kernel, row 2, column 2: 0" }).element().focus();
    await userEvent.keyboard("4{Enter}");
    // All pixels around the middle of the square are 0.85.
    await expect.poll(sumShown).toBe(3.4);
    await page.getByRole("radio", { name: "blur", exact: true }).click();
    await expect.poll(sumShown).toBe(0.85);
    await page.getByRole("button", { name: "Differences" }).click();
    await expect.poll(sumShown).toBe(0);
    expect(store.hash()).not.toContain("cells");
  });

  it("accepts an image file, and reports a file that is no image", async () => {
    openPage("#v=1&only=kernels");
    await agree();
    const input = page.getByLabelText("Or one of yours");
    await userEvent.upload(input, new File(["this is text"], "photo.png", { type: "image/png" }));
    await expect.element(page.getByRole("alert")).toHaveTextContent("photo.png could not be read as an image");
    const canvas = new OffscreenCanvas(300, 200);
    canvas.getContext("2d")!.fillRect(0, 0, 300, 200);
    const picture = await canvas.convertToBlob();
    await userEvent.upload(input, new File([picture], "black.png", { type: "image/png" }));
    await expect.poll(() => cellsOf("Pixels under it").flat()).toEqual(new Array(9).fill("0"));
    await expect.element(page.getByRole("radio", { name: "yours" })).toBeChecked();
    expect(page.getByRole("alert").query()).toBeNull();
  });

  it("composes two kernels", async () => {
    openPage("#v=1&only=kernels&kernels.cells=1*1*1*1*1*1*1*1*1&kernels.next=box+blur");
    await expect.poll(() => cellsOf("Both kernels at once")[2]).toEqual(["0.33", "0.67", "1", "0.67", "0.33"]);
    await expect.element(page.getByRole("img", { name: /^Then box blur/ })).toBeInTheDocument();
  });

  it("is accessible", async () => {
    openPage("#v=1&only=kernels&kernels.next=blur");
    await agree();
    expect(await barriers()).toEqual([]);
  });
});
