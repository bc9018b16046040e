import { inspect } from "node:util";
import { atPath, BackendError, ValueError } from "@convlens/backend";
import { expect, it } from "vitest";

const times = (text: string, word: string): number => text.split(word).length - 1;

it("an error that is printed names its cause once", () => {
  const error = new BackendError("the backend failed", { got: 1, cause: new RangeError("no memory is left") });
  expect(error.cause).toBeInstanceOf(RangeError);
  expect(error.details).toEqual({ got: 1 });
  expect(times(inspect(error), "RangeError: no memory is left")).toBe(1);
  const placed = atPath(new ValueError("a stride of 0"), "layers.0 (Conv2d)");
  expect(times(inspect(placed), "layers.0 (Conv2d): a stride of 0")).toBe(1);
  expect(placed).toMatchObject({ details: { path: "layers.0 (Conv2d)" }, cause: { message: "a stride of 0" } });
});
