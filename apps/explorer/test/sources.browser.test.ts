import { describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import { barriers, cellsOf, openPage, textOf } from "./page.ts";

const pixels = (): number[] => cellsOf("Pixels under it").flat().map(Number);

describe("an image of the reader", () => {
  it("is drawn by pointer or by keyboard", async () => {
    openPage("#v=1&only=kernels&kernels.row=32&kernels.column=32");
    await expect.poll(pixels).toHaveLength(9);
    await page.getByRole("button", { name: "Draw one" }).click();
    const pad = page.getByRole("application", { name: /^Drawing pad/ });
    pad.element().focus();
    await userEvent.keyboard(" {ArrowRight}{ArrowRight}{ArrowRight} {ArrowDown}");
    await expect.element(page.getByRole("radio", { name: "yours" })).toBeChecked();
    // Ink is dark, paper is light.
    await expect.poll(() => Math.min(...pixels())).toBeLessThan(0.2);
    await page.getByRole("button", { name: "Clear the sheet" }).click();
    await expect.poll(() => Math.min(...pixels())).toBeGreaterThan(0.8);
    await pad.click({ position: { x: 120, y: 120 } });
    await expect.poll(() => Math.min(...pixels())).toBeLessThan(0.2);
    expect(await barriers()).toEqual([]);
  });

  it("is part of the address, if it is drawn, until a sample replaces it", async () => {
    const { store } = openPage("#v=1&only=kernels&kernels.row=32&kernels.column=32");
    await page.getByRole("button", { name: "Draw one" }).click();
    await page.getByRole("application", { name: /^Drawing pad/ }).click({ position: { x: 120, y: 120 } });
    await expect.poll(() => Math.min(...pixels())).toBeLessThan(0.2);
    const drawn = pixels();
    openPage(store.hash());
    await expect.poll(pixels).toEqual(drawn);
    await expect.element(page.getByRole("radio", { name: "yours" })).toBeChecked();
    await page.getByRole("radio", { name: "slope" }).click();
    await expect.poll(pixels).not.toEqual(drawn);
    expect(page.getByRole("radio", { name: "yours" }).query()).toBeNull();
  });

  it("is taken by the camera, or a message gives the reason", async () => {
    openPage("#v=1&only=kernels");
    await expect.poll(pixels).toHaveLength(9);
    const { mediaDevices } = navigator;
    const give = (getUserMedia: () => Promise<MediaStream>): void =>
      void Object.defineProperty(navigator, "mediaDevices", { configurable: true, value: { getUserMedia } });
    const use = page.getByRole("button", { name: "Use the camera" });
    give(() => Promise.reject(new DOMException("", "NotAllowedError")));
    await use.click();
    await expect.element(page.getByRole("alert")).toHaveTextContent("allow it beside the address");
    Object.defineProperty(navigator, "mediaDevices", { configurable: true, value: undefined });
    await use.click();
    await expect.element(page.getByRole("alert")).toHaveTextContent("https");

    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: 64, height: 64 });
    const drawing = canvas.getContext("2d")!;
    const timer = setInterval(() => {
      drawing.fillStyle = "#000";
      drawing.fillRect(0, 0, 64, 64);
    }, 20);
    const stream = canvas.captureStream(30);
    give(() => Promise.resolve(stream));
    await use.click();
    await expect.poll(() => Math.max(...pixels())).toBeLessThan(0.1);
    await page.getByRole("button", { name: "Stop the camera" }).click();
    clearInterval(timer);
    expect(stream.getTracks()[0]?.readyState).toBe("ended");
    Object.defineProperty(navigator, "mediaDevices", { configurable: true, value: mediaDevices });
  });
});

describe("a sound", () => {
  const loudness = (): number[] =>
    [.../([\d.]+) before, ([\d.]+) after/.exec(textOf("#sound .readout"))!.slice(1)].map(Number);

  it("is changed by a kernel, which is selected by keyboard or link, edited, and played", async () => {
    openPage("#v=1&only=sound");
    await expect.poll(() => textOf("#sound .readout")).toContain("after");
    const [before, after] = loudness();
    expect(after).toBeLessThan(before!);
    page.getByRole("radio", { name: "average" }).element().focus();
    await userEvent.keyboard("{ArrowRight}");
    await expect.poll(() => textOf("#sound .readout")).toContain("difference");
    await page.getByRole("radio", { name: "your own" }).click();
    page.getByRole("gridcell", { name: "kernel, 0 samples ago: −1" }).element().focus();
    await userEvent.keyboard("0{Enter}");
    await page.getByRole("gridcell", { name: "kernel, 1 samples ago: 2" }).click();
    await userEvent.keyboard("0{Enter}");
    page.getByRole("gridcell", { name: "kernel, 2 samples ago: −1" }).element().focus();
    await userEvent.keyboard("2{Enter}");
    // Twice as loud, and two samples later.
    await expect.poll(() => Math.abs(loudness()[1]! - 2 * loudness()[0]!)).toBeLessThan(0.011);
    await page.getByRole("button", { name: "Listen after" }).click();
    expect(page.getByRole("alert").query()).toBeNull();
    expect(await barriers()).toEqual([]);
  });

  it("is read from a file, and a text file is refused", async () => {
    openPage("#v=1&only=sound");
    await expect.poll(() => textOf("#sound .readout")).toContain("after");
    const input = page.getByLabelText("Or a file of yours");
    await userEvent.upload(input, new File(["this is text"], "song.wav", { type: "audio/wav" }));
    await expect.element(page.getByRole("alert")).toHaveTextContent("song.wav could not be read as a sound");
    await userEvent.upload(input, new File([silence(4000)], "silence.wav", { type: "audio/wav" }));
    await expect.element(page.getByRole("radio", { name: "yours" })).toBeChecked();
    await expect.poll(() => loudness()).toEqual([0, 0]);
    await page.getByRole("button", { name: "Reset this panel" }).click();
    await expect.poll(() => loudness()[0]).toBeGreaterThan(0);
    expect(page.getByRole("radio", { name: "yours" }).query()).toBeNull();
  });
});

/** A WAV file of 16 bits, one channel, 8000 samples a second. */
function silence(samples: number): ArrayBuffer {
  const file = new ArrayBuffer(44 + 2 * samples);
  const view = new DataView(file);
  const text = (at: number, letters: string): void =>
    [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, 8000, true);
  view.setUint32(28, 16_000, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * samples, true);
  return file;
}
