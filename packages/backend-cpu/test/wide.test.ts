import { expect, describe, it } from "vitest";
import { plainMachine } from "../src/assembler/function.ts";
import { chooseMachine, WIDE } from "../src/chooseMachine.ts";
import { cpu } from "../src/index.ts";
import { canAskToPack } from "../src/wide.ts";

describe("wide vectors", () => {
  it("are refused where the engine has none", async () => {
    await expect(cpu({ wide: "yes" as never })).rejects.toThrow(/wide.*"auto", true or false.*got "yes"/);
    const mayPack = canAskToPack();
    if (mayPack) (await cpu({ threads: 1, wide: "auto" })).dispose();
    if (mayPack && chooseMachine({ mayFuse: false, mayPack }).tile === WIDE)
      return (await cpu({ threads: 1, wide: true })).dispose();
    await expect(cpu({ wide: true })).rejects.toThrow(/wide vectors need Node 24 or newer, a processor with AVX2/);
  });

  it("are used only if the engine may pack", () => {
    expect(chooseMachine({ mayFuse: false, mayPack: false }).tile.columns).toBe(plainMachine.tile.columns);
  });
});
