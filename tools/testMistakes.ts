// Tests a table of users' mistakes: each must be answered with an error of Convlens, whose sentence a snapshot holds.
import { describe, expect, it } from "vitest";
import { ConvlensError } from "../packages/backend/src/index.ts";

/** @param mistakes - By what is wrong: functions that throw, or return a promise that rejects. */
export function testMistakes(mistakes: Readonly<Record<string, () => unknown>>): void {
  describe("mistakes are answered with what is wrong and how to fix it", () => {
    it.each(Object.entries(mistakes))("%s", async (_, make) => {
      let error: unknown;
      try {
        await make();
      } catch (cause) {
        error = cause;
      }
      expect(error).toBeInstanceOf(ConvlensError);
      expect((error as Error).message).toMatchSnapshot();
    });
  });
}
