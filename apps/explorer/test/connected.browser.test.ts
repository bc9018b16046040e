import { describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import golden from "../../../tools/golden/seed.json" with { type: "json" };
import { barriers, openPage, textOf } from "./page.ts";

const counts = (): number[] =>
  [...document.querySelectorAll<HTMLElement>("#race [data-parameters]")].map(({ dataset }) =>
    Number(dataset["parameters"]),
  );

describe("a race of parameters", () => {
  it("runs by keyboard and by pointer, and the parameters of the convolution do not change", async () => {
    const { store } = openPage("#v=1&only=race");
    expect(counts()).toEqual([3073 * 12 * 32 * 32, 76 * 12 * 32 * 32, 76 * 12]);
    page.getByRole("slider", { name: "Let the input grow: step" }).element().focus();
    await userEvent.keyboard("{End}");
    await expect.poll(() => store.state("race").value["side"]).toBe(256);
    expect(counts()[2]).toBe(76 * 12);
    await page.getByRole("button", { name: "one neuron" }).click();
    await expect.poll(() => textOf("#race .readout")).toContain("120,000");
    expect(await barriers()).toEqual([]);
  });
});

const total = (name: string): number =>
  Number(textOf(`#architectures [data-total=${name}]`).replaceAll(",", "") || Number.NaN);
const rows = (): string[][] =>
  [...document.querySelectorAll("#architectures tbody tr")].map((row) =>
    [...row.children].map((cell) => cell.textContent.replaceAll(",", "")),
  );

describe("a net in one line", () => {
  it("shows the published rows and sums of VGG-16", async () => {
    openPage("#v=1&only=architectures");
    const { vgg16 } = golden;
    await expect.poll(() => total("parameters")).toBe(vgg16.params);
    expect([total("products"), total("activations")]).toEqual([vgg16.macs, vgg16.totalActivations]);
    expect(rows().map(([, volume, memory, weights, , sees]) => [volume, memory, weights, sees])).toEqual(
      vgg16.rows.map((row) => [
        row.s.join(" × "),
        String(row.mem),
        row.w === 0 ? "" : String(row.w),
        "rf" in row ? `${row.rf} × ${row.rf}` : row.n === "INPUT" ? "" : "all",
      ]),
    );
  });

  it.each([
    ["LeNet-5", golden.lenet5.params],
    ["AlexNet", golden.torchvisionAlexNet.params],
    ["ResNet-18", golden.resnet18.params],
  ])("counts %s", async (name, parameters) => {
    openPage("#v=1&only=architectures");
    await page.getByRole("radio", { name, exact: true }).click();
    await expect.poll(() => total("parameters")).toBe(parameters);
  });

  it("follows the typed pattern, and at an error shows its place and the last valid net", async () => {
    const { store } = openPage("#v=1&only=architectures&architectures.side=32&architectures.channels=1");
    const line = page.getByRole("textbox", { name: "Its pattern" });
    await line.fill("INPUT -> CONV5-8 -> RELU -> POOL2 -> FC-10");
    await expect.poll(() => rows().map(([name]) => name)).toEqual(["INPUT", "CONV5-8", "POOL2", "FC"]);
    expect(total("parameters")).toBe(25 * 8 + 8 + 16 * 16 * 8 * 10 + 10);
    line.element().focus();
    await userEvent.keyboard("{End} -> FOOL");
    await expect.element(page.getByRole("alert")).toHaveTextContent("did you mean POOL?");
    expect(rows()).toHaveLength(4);
    expect(store.hash()).toContain("architectures.pattern=INPUT");
    await line.fill("INPUT -> [CONV*999]*999");
    await expect.element(page.getByRole("alert")).toHaveTextContent("998001 layers");
    await line.fill("INPUT -> [CONV -> POOL?]*N -> FC");
    await expect.poll(() => page.getByRole("alert").query()).toBeNull();
    page.getByRole("slider", { name: "N", exact: true }).element().focus();
    await userEvent.keyboard("{End}");
    await expect.poll(() => rows()).toHaveLength(10);
    page.getByRole("checkbox", { name: "With the parts marked by ?" }).element().focus();
    await userEvent.keyboard(" ");
    await expect.poll(() => rows()).toHaveLength(6);
  });

  it("is accessible", async () => {
    openPage("#v=1&only=architectures");
    await expect.poll(() => rows()).toHaveLength(22);
    expect(await barriers()).toEqual([]);
    await page.getByRole("textbox", { name: "Its pattern" }).fill("INPUT -> ");
    await expect.element(page.getByRole("alert")).toBeVisible();
    expect(await barriers()).toEqual([]);
  });
});

const fact = (name: string): string => textOf(`#surgery [data-fact=${name}]`);

describe("surgery", () => {
  it("changes no result without padding, and some with padding", async () => {
    openPage("#v=1&only=surgery");
    await expect.poll(() => fact("roundTrip")).toBe("0");
    expect(fact("difference")).toMatch(/^0$|10⁻/);
    await page.getByRole("button", { name: "with padding" }).click();
    await expect.poll(() => Number(fact("difference"))).toBeGreaterThan(0.1);
    page.getByRole("radio", { name: "one row of zeros" }).element().focus();
    await userEvent.keyboard("{ArrowLeft}");
    await expect.poll(() => fact("difference")).toMatch(/^0$|10⁻/);
    expect(await barriers()).toEqual([]);
  });

  it("classifies the shapes at their places, by pointer and by keyboard", async () => {
    const { store } = openPage("#v=1&only=surgery");
    await expect.poll(() => textOf("#surgery .readout")).toContain("most like a cross");
    const image = page.getByRole("img", { name: /^Four shapes/ });
    const { width } = image.element().getBoundingClientRect();
    await image.click({ position: { x: (25 / 34) * width, y: (7 / 34) * width } });
    await expect.poll(() => textOf("#surgery .readout")).toContain("most like a square");
    expect(store.state("surgery").value["row"]).toBe(2);
    page.getByRole("slider", { name: "Crop, down" }).element().focus();
    await userEvent.keyboard("{End}{ArrowLeft}");
    page.getByRole("slider", { name: "Crop, right" }).element().focus();
    await userEvent.keyboard("{Home}{ArrowRight}{ArrowRight}");
    await expect.poll(() => textOf("#surgery .readout")).toContain("most like a seven");
  });
});
