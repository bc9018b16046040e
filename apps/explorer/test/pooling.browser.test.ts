import { describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import golden from "../../../tools/golden/seed.json" with { type: "json" };
import { barriers, cellsOf, openPage, textOf } from "./page.ts";

const { max, avg, l2, argFlat } = golden.maxpoolFig;
const after = (map: readonly (readonly number[])[]): Promise<void> =>
  expect
    .poll(() => cellsOf("Map after pooling"))
    .toEqual(map.map((row) => row.map((value) => String(Math.round(value * 100) / 100))));
const formula = (): string => textOf("#pooling .formula");

describe("pooling", () => {
  it("shows the published numbers of each kind", async () => {
    openPage("#v=1&only=pooling");
    await after(max);
    await page.getByRole("radio", { name: "the mean" }).click();
    await after(avg);
    page.getByRole("radio", { name: "the mean" }).element().focus();
    await userEvent.keyboard("{ArrowRight}");
    await after(l2);
    await page.getByRole("button", { name: "the largest" }).click();
    await after(max);
    expect(formula()).toBe("max(1, 1, 5, 6) = 6");
    page.getByRole("slider", { name: "Slide the window: step" }).element().focus();
    await userEvent.keyboard("{End}");
    await expect.poll(formula).toBe("max(1, 0, 3, 4) = 4");
    await page.getByRole("gridcell", { name: "output, row 2, column 1: 3" }).click();
    await expect.poll(formula).toBe("max(3, 2, 1, 2) = 3");
  });

  it("gives the gradient to the largest inputs, by pointer and by keyboard", async () => {
    const { store } = openPage("#v=1&only=pooling");
    await after(max);
    await page.getByRole("radio", { name: "Backward" }).click();
    const gradients = Array.from({ length: 16 }, (_, i) => (argFlat.includes(i) ? "1" : "0"));
    await expect.poll(() => cellsOf("Map before pooling").flat()).toEqual(gradients);
    page.getByRole("checkbox", { name: "Only of the selected output" }).element().focus();
    await userEvent.keyboard(" ");
    await expect
      .poll(() => cellsOf("Map before pooling").flat())
      .toEqual(gradients.with(7, "0").with(8, "0").with(15, "0"));
    expect(store.hash()).toContain("pooling.one=1");
  });

  it("does not change while the largest input stays the same, and changes with another one", async () => {
    openPage("#v=1&only=pooling");
    await after(max);
    page.getByRole("gridcell", { name: "input, row 1, column 1: 1" }).element().focus();
    await userEvent.keyboard("5{Enter}");
    await expect.poll(formula).toBe("max(5, 1, 5, 6) = 6");
    await page.getByRole("gridcell", { name: "input, row 1, column 1: 5" }).click();
    await userEvent.keyboard("9{Enter}");
    await expect.poll(formula).toBe("max(9, 1, 5, 6) = 9");
    await expect.element(page.getByRole("gridcell", { name: "input, row 1, column 1: 9, winner" })).toBeVisible();
  });

  it("reports inputs that no window reaches, and a map without windows", async () => {
    openPage("#v=1&only=pooling&pooling.size=4&pooling.window=3");
    await expect.poll(() => textOf("#pooling .readout")).toContain("(4 − 3) / 2 + 1 = 1.5");
    page.getByRole("slider", { name: "Size of the map" }).element().focus();
    await userEvent.keyboard("{Home}");
    await expect.element(page.getByRole("note")).toHaveTextContent("does not fit");
  });

  it("is accessible", async () => {
    openPage("#v=1&only=pooling&pooling.direction=backward");
    await expect.poll(() => cellsOf("Map before pooling").flat()[5]).toBe("1");
    expect(await barriers()).toEqual([]);
  });
});

const shares = (): number[] =>
  [...document.querySelectorAll("#shift .bars dd")].map((share) => Number.parseInt(share.textContent, 10));
const changed = (): number[] =>
  [...document.querySelectorAll<HTMLElement>("#shift [data-changed]")].map(({ dataset }) => Number(dataset["changed"]));

describe("a shape that is moved", () => {
  it("by one pixel is misclassified without pooling, and recognized with it", async () => {
    openPage("#v=1&only=shift");
    await expect.poll(() => shares()[0]).toBeGreaterThan(80);
    await expect.poll(() => changed()[1]!).toBeLessThan(changed()[0]!);
    await page.getByRole("button", { name: "Without pooling" }).click();
    await expect.poll(() => textOf("#shift .readout")).toContain("Classified as a square");
    expect(Math.max(...shares())).toBe(shares()[1]);
  });

  it("is moved by keys, buttons, the pointer and a click on the map of places", async () => {
    const { store } = openPage("#v=1&only=shift&shift.right=0");
    const at = (): unknown[] => [store.state("shift").value["down"], store.state("shift").value["right"]];
    await expect.poll(changed).toEqual([0, 0]);
    await page.getByRole("button", { name: "One pixel right" }).click();
    expect(at()).toEqual([0, 1]);
    page.getByRole("slider", { name: "Down" }).element().focus();
    await userEvent.keyboard("{ArrowRight}{ArrowRight}");
    expect(at()).toEqual([2, 1]);
    await expect.poll(() => changed()[0]).toBeGreaterThan(0);
    const places = page.getByRole("img", { name: /^without pooling/ });
    const { width } = places.element().getBoundingClientRect();
    await places.click({ position: { x: (0.5 * width) / 9, y: (8.5 * width) / 9 } });
    await expect.poll(at).toEqual([4, -4]);
    const image = page.getByRole("img", { name: /^A cross/ }).element();
    const box = image.getBoundingClientRect();
    const send = (type: string, x: number, y: number): boolean =>
      image.dispatchEvent(
        new PointerEvent(type, { bubbles: true, pointerId: 1, clientX: box.left + x, clientY: box.top + y }),
      );
    const pixel = box.width / 16;
    // A synthetic pointer cannot be captured.
    image.parentElement!.parentElement!.setPointerCapture = () => undefined;
    send("pointerdown", 50, 150);
    send("pointermove", 50 + 3 * pixel, 150 - 2 * pixel);
    send("pointerup", 0, 0);
    await expect.poll(at).toEqual([2, -1]);
  });

  it("is accessible", async () => {
    openPage("#v=1&only=shift");
    await expect.poll(() => shares()[0]).toBeGreaterThan(80);
    expect(await barriers()).toEqual([]);
  });
});
