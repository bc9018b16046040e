import { describe, expect, it, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import { learned } from "../src/compute/learned.ts";
import { barriers, openPage, textOf } from "./page.ts";

const OPEN = "#v=1&only=learning";
/** Synthetic images and a small net, which are quick. */
const SMALL = `${OPEN}&learning.data=shapes&learning.filters=2&learning.batch=8`;

const button = (name: string) => page.getByRole("button", { name, exact: true });
const timeLine = page.getByRole("slider", { name: "Step that is shown" });
const at = (): string => timeLine.element().getAttribute("aria-valuetext") ?? "";
/** The number of steps on the page. */
const steps = (): number => Number(/^Step (\d+)/.exec(textOf("#learning .counts"))?.[1] ?? 0);
const accuracy = (): number => Number(/^Test accuracy ([\d.]+) %/.exec(textOf("#learning .test-accuracy"))?.[1] ?? NaN);

/** The sentence about the processor, its speed and the comparison of two. */
const processors = (): string => textOf("#learning .processors .speed");
const twice = (): string => textOf("#learning .processors [role=status]");

/** The pictures of the filters. */
function pictures(): string {
  const canvases = [...document.querySelectorAll<HTMLCanvasElement>("#learning canvas[aria-label^='Filter ']")];
  return canvases
    .map((canvas) => [...canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data].join())
    .join("|");
}

/** The fingerprint of the net: eight digits that change with every bit of the weights. */
const weights = (): string => textOf("#learning .legends code");

/** Waits for the pictures of this step. */
const shown = (step: number, of = ""): Promise<void> =>
  expect.poll(() => textOf("#learning .insides .caption")).toContain(`${of} at step ${step},`);

const ready = (): Promise<void> =>
  expect.poll(() => textOf("#learning .test-accuracy"), { timeout: 50_000 }).toContain("weights");

/** Trains a net for `count` steps, one by one. */
async function learn(count: number): Promise<void> {
  await ready();
  for (let step = 1; step <= count; step++) {
    await button("One step").click();
    await expect.poll(steps).toBe(step);
    await expect.poll(() => button("Start").query()).not.toBeNull();
  }
}

describe("the training of a net", () => {
  it("reaches a test accuracy of 97 %", { timeout: 240_000 }, async () => {
    openPage(OPEN);
    await ready();
    await button("Start").click();
    await expect.poll(steps, { timeout: 60_000 }).toBeGreaterThan(0);
    await expect.poll(accuracy, { timeout: 180_000 }).toBeGreaterThanOrEqual(97);
    await button("Pause").click();
  });

  it("shows the exact filters of earlier steps, by keyboard and by pointer", async () => {
    openPage(SMALL);
    await ready();
    await shown(0);
    const then = [weights()];
    for (let step = 1; step <= 3; step++) {
      await button("One step").click();
      await shown(step);
      then.push(weights());
    }
    expect(new Set(then).size).toBe(4);
    let painted = "";
    await expect.poll(() => painted === (painted = pictures())).toBe(true);
    timeLine.element().focus();
    for (let step = 2; step >= 0; step--) {
      await userEvent.keyboard("{ArrowLeft}");
      await shown(step);
      expect(weights()).toBe(then[step]);
      expect(learned.value).toMatchObject({ net: "first", step });
    }
    for (const step of [1, 2]) {
      await button("One step on in time").click();
      await shown(step);
      expect(weights()).toBe(then[step]);
    }
    await button("Latest").click();
    await shown(3);
    expect(weights()).toBe(then[3]);
    await expect.poll(pictures).toBe(painted);
    expect(at()).toContain("Step 3 of 3");
  });

  it("continues from an earlier step with the same results", async () => {
    openPage(SMALL);
    await learn(3);
    await shown(3);
    const before = weights();
    timeLine.element().focus();
    await userEvent.keyboard("{ArrowLeft}{ArrowLeft}");
    await button("Discard later steps and continue from here").click();
    await expect.poll(steps).toBe(1);
    for (const step of [2, 3]) {
      await button("One step").click();
      await shown(step);
    }
    expect(weights()).toBe(before);
  });

  it("is restored from the address", async () => {
    const first = openPage(SMALL);
    await learn(2);
    page.getByRole("slider", { name: "Learning rate" }).element().focus();
    await userEvent.keyboard("{ArrowRight}");
    await page.getByRole("radio", { name: "Momentum" }).click();
    await button("One step").click();
    await shown(3);
    const before = weights();
    const hash = first.store.hash();
    expect(hash).toContain("learning.changes=0_adam_0.003*2_momentum_0.01");
    expect(hash).toContain("learning.trained=3");
    first.end();

    openPage(hash);
    await button("Learn the same 3 steps again").click();
    await expect.poll(steps).toBe(3);
    await shown(3);
    expect(weights()).toBe(before);
    await expect.element(page.getByRole("slider", { name: "Learning rate" })).toHaveAttribute("aria-valuetext", "0.01");
  });

  it("continues from its step on another processor, by keyboard", async () => {
    const { store } = openPage(SMALL);
    await ready();
    button("Start").element().focus();
    await userEvent.keyboard("{Enter}");
    await expect.poll(steps).toBeGreaterThan(2);
    expect(processors()).toMatch(/^Examples per second: [\d,]+ now \(SIMD, \d+ threads\)\.$/);
    page
      .getByRole("radio", { name: /SIMD, \d+ threads/ })
      .element()
      .focus();
    let before = steps();
    for (const name of ["SIMD, one thread", "reference"]) {
      await userEvent.keyboard("{ArrowRight}");
      await expect.element(page.getByRole("radio", { name })).toHaveFocus();
      await expect.poll(processors).toMatch(new RegExp(`: [\\d,]+ now \\(${name}\\); [\\d,]+ \\(.* threads\\)`));
      await expect.poll(() => textOf(".machine [role=status]")).toContain(`is trained on: ${name}.`);
      expect(twice()).toMatch(name.startsWith("SIMD") ? /none, to the last bit\.$/ : /is \d\.\d · 10\^−\d+\.$/);
      const made = Number(/^Step (\d+)/.exec(twice())![1]);
      expect(made).toBeGreaterThan(before);
      await expect.poll(steps).toBeGreaterThan(made);
      before = steps();
    }
    expect(store.hash()).toContain("learning.processor=reference");
    await userEvent.keyboard("{ArrowLeft}{ArrowLeft}");
    await expect.poll(processors).toMatch(/ now \(SIMD, \d+ threads\); .* one thread\); .*\(reference\)\.$/);
    expect(textOf(".machine [role=status]")).not.toContain("is trained on");
    before = steps();
    await expect.poll(steps).toBeGreaterThan(before);
    expect(button("Pause").query()).not.toBeNull();
    await button("Pause").click();
    await expect.poll(() => button("Start").query()).not.toBeNull();
    // There is one curve, from the first step to the last.
    const label = `Loss after ${steps()} steps`;
    await expect.poll(() => document.querySelector(`#learning [aria-label^="${label}"]`)).not.toBeNull();
    expect(page.getByRole("alert").query()).toBeNull();
  });

  it("gives the same net on any number of threads, after any moves", async () => {
    const stayed = openPage(SMALL);
    await learn(4);
    await shown(4);
    const expected = weights();
    stayed.end();
    openPage(`${SMALL}&learning.processor=one`);
    await learn(2);
    await page.getByRole("radio", { name: /SIMD, \d+ threads/ }).click();
    await button("One step").click();
    await expect.poll(steps).toBe(3);
    await page.getByRole("radio", { name: "SIMD, one thread" }).click();
    await button("One step").click();
    await shown(4);
    expect(weights()).toBe(expected);
  });

  it("keeps the last finite step when the learning rate is far too large, and offers ways to continue", async () => {
    // With this seed the numbers overflow. With others all units may die first, and the loss stays finite.
    openPage(`${SMALL}&learning.seed=2&learning.changes=0_sgd_1000`);
    await ready();
    await button("Start").click();
    await expect
      .element(page.getByRole("alert"), { timeout: 30_000 })
      .toHaveTextContent("a learning rate of 1000 is too large here");
    expect(steps()).toBeGreaterThan(0);
    await page.getByRole("button", { name: "where the loss was lowest, with a learning rate of" }).click();
    await expect.poll(() => page.getByRole("alert").query()).toBeNull();
    const from = steps();
    await button("One step").click();
    await expect.poll(steps).toBe(from + 1);
  });

  it("trains a second net with the same initial weights", async () => {
    openPage(SMALL);
    await learn(2);
    await page.getByRole("checkbox", { name: "A second net beside it" }).click();
    await expect.poll(() => textOf("#learning .counts")).toContain("Second net: plain SGD at a learning rate of 0.003");
    const [first, second] = [" of the first net", " of the second net"];
    await shown(2, first);
    const ours = weights();
    await page.getByRole("radio", { name: "The second net" }).click();
    await shown(2, second);
    expect(weights()).not.toBe(ours);
    timeLine.element().focus();
    await userEvent.keyboard("{ArrowLeft}{ArrowLeft}");
    await shown(0, second);
    const fresh = weights();
    expect(learned.value).toMatchObject({ net: "second", step: 0 });
    await page.getByRole("radio", { name: "The first net" }).click();
    await shown(0, first);
    expect(weights()).toBe(fresh);
  });

  it("saves the net and loads it again, and refuses other files", async () => {
    openPage(SMALL);
    await learn(2);
    await shown(2);
    const before = weights();
    const blobs: Blob[] = [];
    const create = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (blob: Blob) => {
      blobs.push(blob);
      return create(blob);
    };
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockReturnValue();
    await button("Download the net of step 2").click();
    await expect.poll(() => blobs.length).toBe(1);
    URL.createObjectURL = create;
    expect(click).toHaveBeenCalledOnce();
    click.mockRestore();

    const input = page.getByLabelText("Or load a net (safetensors)");
    const bytes = new Uint8Array(await blobs[0]!.arrayBuffer());
    await userEvent.upload(input, new File([bytes.slice(0, 900)], "cut.safetensors"));
    await expect
      .element(page.getByRole("alert"))
      .toHaveTextContent(/cut.safetensors could not be loaded.*stays as it is/);
    expect(steps()).toBe(2);
    expect(weights()).toBe(before);
    await button("Begin again").click();
    await shown(0);
    expect(weights()).not.toBe(before);
    await userEvent.upload(input, new File([bytes], "net.safetensors"));
    await expect.poll(weights).toBe(before);
    expect(page.getByRole("alert").query()).toBeNull();
  });

  it("uses pictures of the reader, and refuses files that are no pictures", async () => {
    openPage(`${OPEN}&learning.data=own`);
    const make = button("Make a net for these pictures");
    await expect.element(make).toBeDisabled();
    const files = page.getByLabelText("Or files, as many as you like");
    await userEvent.upload(files, new File(["this is no picture"], "text.png", { type: "image/png" }));
    await expect.element(page.getByRole("alert")).toHaveTextContent("text.png could not be read as an image");
    const canvas = new OffscreenCanvas(8000, 5000);
    canvas.getContext("2d")!.fillRect(100, 100, 3000, 3000);
    const photo = await canvas.convertToBlob({ type: "image/jpeg" });
    await userEvent.upload(files, new File([photo], "photo.jpg", { type: "image/jpeg" }));
    await expect.poll(() => page.getByRole("radio", { name: "A (1)" }).query(), { timeout: 20_000 }).not.toBeNull();
    await page.getByRole("radio", { name: "B (0)" }).click();
    page.getByRole("application").element().focus();
    await userEvent.keyboard(" {ArrowDown}{ArrowDown}{ArrowDown}{ArrowRight}");
    await button("Add to B").click();
    await make.click();
    await ready();
    await button("One step").click();
    await expect.poll(steps).toBe(1);
    expect(textOf("#learning .answer")).toContain("A");
  });

  it("is accessible", async () => {
    openPage(`${SMALL}&learning.beside=1`);
    await learn(1);
    await shown(1);
    for (const more of document.querySelectorAll<HTMLDetailsElement>("#learning details")) more.open = true;
    expect(await barriers()).toEqual([]);
    await page.getByRole("radio", { name: "Your pictures" }).click();
    await expect.element(page.getByRole("application")).toBeVisible();
    expect(await barriers()).toEqual([]);
  });
});
