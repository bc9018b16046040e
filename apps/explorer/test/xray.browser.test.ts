import { describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import { barriers, openPage, textOf } from "./page.ts";

const number = (text: string): number => Number(text.replaceAll("−", "-"));
const total = (): string => textOf("#xray .total");
const agreement = (): string => textOf("#xray .agreement");
const verdict = (): string => textOf("#xray .verdict .readout");
const heading = (): string => textOf("#xray .unit h4");

/** The largest products and the sum of the others; for a convolution or a fully connected layer they add up to the output. */
const amounts = (): number[] =>
  [...document.querySelectorAll("#xray .anatomy > div:nth-child(2) .amount")].map((amount) =>
    number(amount.textContent ?? ""),
  );

/** The terms add up to the output of the layer: each of ten rounded numbers may differ by half of a thousandth. */
async function addsUp(): Promise<void> {
  await expect.poll(agreement).toContain("the same number, to the last bit");
  const [, sum, bias, value] = /products \(?(\S+?)\)? \+ bias \(?(\S+?)\)? = (\S+)/.exec(total())!.map(number);
  expect(sum! + bias!).toBeCloseTo(value!, 2);
  expect(amounts().reduce((a, b) => a + b, 0)).toBeCloseTo(sum!, 1);
  expect(agreement()).toContain(total().split("= ").at(-1)!);
}

describe("the layers of a net", () => {
  it("classify a digit, and each click goes down a layer, to the pixels, with sums that agree", async () => {
    openPage("#v=1&only=xray");
    await expect.poll(verdict).toContain("The net reads a 6");
    await expect.poll(heading).toBe("Fully connected: 10 numbers; number 7");
    await addsUp();
    const layers = [
      "Flattened",
      "Max pooling: 16 maps of 7 × 7",
      "ReLU: 16 maps of 14 × 14",
      "Convolution: 16 maps of 14 × 14",
      "Max pooling: 8 maps of 14 × 14",
      "ReLU: 8 maps of 28 × 28",
      "Convolution: 8 maps of 28 × 28",
    ];
    for (const layer of layers) {
      const down = page.getByRole("button", { name: /^(map|number) \d+/ }).elements()[0] as HTMLElement;
      down.focus();
      await userEvent.keyboard("{Enter}");
      await expect.poll(heading).toContain(layer);
      await expect.poll(agreement).toContain("the same number, to the last bit");
    }
    await addsUp();
    // The lowest layer reads a window of 5 × 5 pixels.
    expect(textOf("#xray .anatomy .caption")).toContain("25 pixels");
    expect(document.querySelectorAll("#xray .anatomy > div:nth-child(2) button")).toHaveLength(0);
  });

  it("show the unit that is clicked in a map or selected by keyboard, and keep it in the address", async () => {
    const { store } = openPage("#v=1&only=xray");
    await expect.poll(agreement).not.toBe("");
    const maps = page.getByRole("img", { name: /^Convolution: 16 maps/ });
    const { width, height } = maps.element().getBoundingClientRect();
    // The picture has 16 maps of 14 × 14 in two rows; this is the middle of the third map in the second row.
    await maps.click({ position: { x: (width * (2 * 15 + 7.5)) / 119, y: (height * (15 + 7.5)) / 29 } });
    await expect.poll(heading).toBe("Convolution: 16 maps of 14 × 14; map 11, row 8, column 8");
    await addsUp();
    page.getByRole("slider", { name: "Row" }).element().focus();
    await userEvent.keyboard("{ArrowRight}");
    await expect.poll(heading).toBe("Convolution: 16 maps of 14 × 14; map 11, row 9, column 8");
    await addsUp();
    expect(store.hash()).toContain("xray.row=9");
  });

  it("follow a drawing by pointer and by keyboard", async () => {
    const { store } = openPage("#v=1&only=xray&xray.ink=");
    await expect.poll(verdict).not.toBe("");
    const blank = verdict();
    const pad = page.getByRole("application");
    pad.element().focus();
    // Draws a one.
    await userEvent.keyboard(` ${"{ArrowDown}".repeat(14)} `);
    await expect.poll(verdict).toContain("reads a 1");
    expect(verdict()).not.toBe(blank);
    const drawn = store.state("xray").value["ink"];
    await userEvent.keyboard("{ArrowUp}{Delete}");
    expect(store.state("xray").value["ink"]).not.toBe(drawn);

    await page.getByRole("button", { name: "Clean sheet" }).click();
    expect(store.state("xray").value["ink"]).toBe("");
    await userEvent.dragAndDrop(pad, pad, {
      sourcePosition: { x: 140, y: 40 },
      targetPosition: { x: 140, y: 240 },
      steps: 10,
    });
    await expect.poll(verdict).toContain("reads a 1");
  });

  it("is accessible", async () => {
    openPage("#v=1&only=xray");
    await expect.poll(agreement).not.toBe("");
    expect(await barriers()).toEqual([]);
  });
});
