import { describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import { barriers, openPage, textOf } from "./page.ts";

const count = (name: string): number => document.querySelectorAll(`#copies .unit.${name}`).length;
const learned = (): string => textOf("#copies .count strong");

describe("copies of a neuron", () => {
  it("draws the published nets", async () => {
    openPage("#v=1&only=copies");
    await expect.poll(() => [count("x"), count("A"), count("F")]).toEqual([9, 7, 1]);
    expect(document.querySelectorAll("#copies .edge:not(.faint)")).toHaveLength(21);
    await page.getByRole("button", { name: "max", exact: true }).click();
    await expect.poll(() => [count("A"), count("max"), count("B")]).toEqual([8, 4, 3]);
    await page.getByRole("button", { name: "a grid", exact: true }).click();
    await expect.poll(() => [count("x"), count("A"), count("max"), count("B")]).toEqual([45, 32, 8, 3]);
  });

  it("shares its weights until sharing is turned off, by keyboard and by pointer", async () => {
    const { store } = openPage("#v=1&only=copies");
    expect(learned()).toBe("3 weights and 1 bias");
    await expect.poll(() => document.querySelectorAll("#copies .A.twin").length).toBe(6);
    const untie = page.getByRole("checkbox", { name: "Untie the weights" });
    untie.element().focus();
    await userEvent.keyboard(" ");
    await expect.poll(learned).toBe("21 weights and 7 biases");
    await expect.poll(() => document.querySelectorAll("#copies .A.twin").length).toBe(0);
    await untie.click();
    await expect.poll(learned).toBe("3 weights and 1 bias");
    page.getByRole("slider", { name: "Selected copy" }).element().focus();
    await userEvent.keyboard("{End}");
    await expect.poll(() => store.state("copies").value["copy"]).toBe(7);
    await page.elementLocator(document.querySelectorAll("#copies .unit.A")[2]!).click();
    await expect.poll(() => store.state("copies").value["copy"]).toBe(3);
  });

  it("highlights every connection of a weight", async () => {
    openPage("#v=1&only=copies");
    await page.getByRole("button", { name: "w2" }).click();
    await expect.poll(() => document.querySelectorAll("#copies .edge.strong.tap1").length).toBe(7);
    expect(document.querySelectorAll("#copies .edge.strong")).toHaveLength(7);
  });

  it("shows the inside of A, and a network in it", async () => {
    openPage("#v=1&only=copies");
    await page.getByRole("button", { name: "several neurons" }).click();
    await expect.poll(learned).toBe("9 weights and 3 biases");
    await expect.poll(() => document.querySelectorAll("#copies .inside .A").length).toBe(3);
    await page.getByRole("button", { name: "A small network" }).click();
    await expect.poll(learned).toBe("15 weights and 5 biases");
    await expect.poll(() => document.querySelectorAll("#copies .inside .A").length).toBe(5);
    await page.getByText("More: stride").click();
    page.getByRole("slider", { name: "Neurons behind those" }).element().focus();
    await userEvent.keyboard("{Home}");
    await expect.poll(learned).toBe("9 weights and 3 biases");
  });

  it("is accessible, and lists the inputs that no window reads", async () => {
    openPage("#v=1&only=copies&copies.inputs=4&copies.window=4&copies.layers=A+max+B&copies.features=2");
    await expect.element(page.getByRole("note")).toHaveTextContent("max and B do not fit");
    expect(await barriers()).toEqual([]);
  });
});
