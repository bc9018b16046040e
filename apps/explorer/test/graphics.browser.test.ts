import { describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import { Compute } from "../src/compute/compute.ts";
import { trainedBy } from "../src/compute/learned.ts";
import { barriers, openPage, textOf } from "./page.ts";

/** A worker that accepts a software renderer as graphics processor, because test machines have no other. */
const withSoftware = new Compute({ allowSoftwareGraphics: true });

const LEARNING = "#v=1&only=learning&learning.data=shapes&learning.filters=2&learning.batch=8";
/** Milliseconds that a software renderer may take. */
const LONG = { timeout: 60_000 };
const RACE = "#v=1&only=floor";
const REFUSAL =
  /No graphics processor can be used: webgpu runs on .*, which is software; webgl2 runs on .*, which is software\. /;

const button = (name: string) => page.getByRole("button", { name, exact: true });
const graphics = page.getByRole("radio", { name: "graphics processor" });
const simd = page.getByRole("radio", { name: "SIMD, one thread" });
const steps = (): number => Number(/^Step (\d+)/.exec(textOf("#learning .counts"))?.[1] ?? 0);

async function learnUntil(step: number): Promise<void> {
  while (steps() < step) {
    const before = steps();
    await button("One step").click();
    await expect.poll(steps, LONG).toBe(before + 1);
    await expect.poll(() => button("Start").query()).not.toBeNull();
  }
}

/** The losses of all steps, from the table of the curves. */
const losses = (): number[] =>
  [...document.querySelectorAll("#learning details .numbers tbody tr")].map((row) =>
    Number(row.querySelector("td")!.textContent),
  );

const ready = (): Promise<void> =>
  expect.poll(() => textOf("#learning .test-accuracy"), { timeout: 50_000 }).toContain("weights");

describe("a graphics processor", () => {
  it(
    "is looked for when it is asked for; where there is none, the net goes on as before",
    { timeout: 200_000 },
    async () => {
      const { store } = openPage(LEARNING);
      await ready();
      await button("Start").click();
      await expect.poll(steps).toBeGreaterThan(0);
      simd.element().focus();
      await userEvent.keyboard("{ArrowRight}");
      await expect.poll(() => trainedBy.value?.processor).toBe("reference");
      await userEvent.keyboard("{ArrowRight}");
      // Training continues meanwhile.
      const then = steps();
      await expect.poll(steps).toBeGreaterThan(then);
      await expect.element(page.getByRole("alert"), LONG).toHaveTextContent(REFUSAL);
      await expect
        .element(page.getByRole("alert"))
        .toHaveTextContent(/Training continues on the same processor: reference\.$/);
      await expect.element(page.getByRole("radio", { name: "reference" })).toBeChecked();
      const before = steps();
      await expect.poll(steps).toBeGreaterThan(before);
      await button("Pause").click();
      expect(store.hash()).toContain("learning.processor=reference");
      expect(await barriers()).toEqual([]);
      await simd.click();
      await expect.poll(() => page.getByRole("alert").query()).toBeNull();
    },
  );

  it("continues from the same step, with nearly the same results", { timeout: 200_000 }, async () => {
    const stayed = openPage(LEARNING, withSoftware);
    await ready();
    await learnUntil(8);
    const expected = losses();
    stayed.end();
    openPage(LEARNING, withSoftware);
    await ready();
    await learnUntil(3);
    await graphics.click();
    await expect
      .poll(() => textOf(".machine [role=status]"), LONG)
      .toMatch(/is trained on: graphics processor \(webgpu, .*swiftshader.*\)\.$/);
    await learnUntil(4);
    const twice = textOf("#learning .processors [role=status]");
    expect(twice).toMatch(/^Step 4 was computed twice, .* \(graphics processor\): .* is \d\.\d · 10\^−[7-9]\.$/);
    await learnUntil(6);
    await simd.click();
    await learnUntil(8);
    const reached = losses();
    expect([reached.length, expected.length]).toEqual([8, 8]);
    reached.forEach((loss, i) => expect(Math.abs(loss - expected[i]!)).toBeLessThan(1e-3 + 1e-9));
    expect(page.getByRole("alert").query()).toBeNull();
  });

  it("takes part in a race if it is selected", { timeout: 200_000 }, async () => {
    openPage(`${RACE}&floor.graphics=1`, withSoftware);
    await button("Race the backends").click();
    const rows = (): string[] =>
      [...document.querySelectorAll("#floor .contest tbody tr")].map((row) => row.textContent);
    await expect.poll(rows, { timeout: 100_000 }).not.toEqual([]);
    expect(rows().at(-1)).toMatch(/^graphics processor \(webgpu, .*swiftshader.*\).* · 10\^−[6-9]$/);
    expect(page.getByRole("alert").query()).toBeNull();
  });

  it("is not needed for the page", { timeout: 200_000 }, async () => {
    const { store } = openPage(RACE);
    await page.getByRole("checkbox", { name: "Try the graphics processor, too" }).click();
    expect(store.hash()).toContain("floor.graphics=1");
    await button("Race the backends").click();
    await expect.element(page.getByRole("alert"), LONG).toHaveTextContent(REFUSAL);
    expect(document.querySelectorAll("#floor .contest tbody tr").length).toBeGreaterThanOrEqual(2);
    expect(textOf("#floor .contest tbody")).not.toContain("graphics");
    expect(await barriers()).toEqual([]);
  });
});
