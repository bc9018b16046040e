import { expect, it } from "vitest";
import { page } from "vitest/browser";
import { openPage, textOf } from "./page.ts";

const net = (): string => textOf("#xray .verdict .caption");
const progress = (): string => textOf("#learning .counts");

it("shows the net of chapter 6 at the step of its time line, and the net of the page after a reset", async () => {
  openPage("#v=1&only=learning,xray");
  const xray = document.querySelector("#xray")!;
  xray.scrollIntoView();
  await expect.poll(net).toContain("The net was trained in seconds");
  await page.getByRole("button", { name: "Start" }).click();
  await expect.poll(progress).toMatch(/Step \d\d/);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect.element(page.getByRole("button", { name: "Start" })).toBeVisible();
  xray.scrollIntoView();
  const step = (): string => /Step (\d+),/.exec(progress())![1]!;
  await expect.poll(() => net().includes(`trained in chapter 6 and is shown at step ${step()}.`)).toBe(true);
  const late = textOf("#xray .verdict");
  // Goes back to the first step.
  const line = page.getByRole("slider", { name: /step/i }).elements()[0] as HTMLInputElement;
  line.value = "0";
  line.dispatchEvent(new Event("input", { bubbles: true }));
  xray.scrollIntoView();
  await expect.poll(net).toContain("is shown at step 0");
  expect(textOf("#xray .verdict")).not.toBe(late);
  await page.getByRole("button", { name: "Begin again" }).click();
  xray.scrollIntoView();
  await expect.poll(net).toContain("The net was trained in seconds");
});
