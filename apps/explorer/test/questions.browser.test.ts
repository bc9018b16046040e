import { describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import { barriers, openPage } from "./page.ts";

describe("questions at the end of a chapter", () => {
  it("are answered by trying, by keyboard or pointer, and stay answered", async () => {
    openPage("#v=1&only=conv2d,fit");
    const items = page.getByRole("listitem");
    await expect.element(items.nth(0)).toHaveTextContent("Set stride and padding");
    await page.getByText("More: volume").click();
    page.getByRole("slider", { name: "Padding", exact: true }).element().focus();
    await userEvent.keyboard("{Home}");
    expect(items.nth(0).element().textContent).not.toContain("Correct.");
    page.getByRole("slider", { name: "Input size" }).element().focus();
    await userEvent.keyboard("{ArrowRight}{ArrowRight}");
    await expect.element(items.nth(0)).toHaveTextContent("Correct. (7 − 3 + 2 · 0) / 2 + 1 = 3");
    await page.getByRole("button", { name: "W = 9" }).click();
    await expect.element(items.nth(2)).toHaveTextContent("Correct. An input of 9 or 11");
    page.getByRole("slider", { name: "Input size" }).element().focus();
    await userEvent.keyboard("{ArrowRight}");
    expect(items.nth(0).element().textContent).toContain("Correct.");
    expect(await barriers()).toEqual([]);
  });

  it("show their answer on request", async () => {
    const { store } = openPage("#v=1&only=pooling");
    await page.getByRole("button", { name: "Show me" }).nth(1).click();
    await expect.element(page.getByRole("listitem").nth(1)).toHaveTextContent("Answer: Windows of 3");
    expect(store.state("pooling").value).toMatchObject({ size: 7, window: 3, stride: 2 });
    expect(store.hash()).toContain("pooling.size=7");
  });
});
