import { describe, expect, it } from "vitest";
import { ValueError } from "@convlens/backend";
import { windowFit } from "../src/index.ts";

describe("windowFit", () => {
  it.each([
    [7, 3, 1, 0, 5],
    [7, 3, 2, 0, 3],
    [5, 3, 1, 1, 5],
    [5, 3, 2, 1, 3],
    [11, 5, 2, 0, 4],
    [28, 3, 1, 1, 28],
    [32, 5, 1, 2, 32],
    [227, 11, 4, 0, 55],
  ])("(%i − %i window, stride %i, padding %i) gives %i", (input, window, stride, padding, output) => {
    expect(windowFit({ input, window, stride, padding })).toEqual({
      positions: output,
      output,
      dropped: 0,
      fits: true,
    });
  });

  it.each([
    [5, 3, 3, 1, 7 / 3],
    [10, 3, 2, 0, 4.5],
    [224, 11, 4, 0, 54.25],
  ])("(%i − %i window, stride %i, padding %i) does not fit: %d", (input, window, stride, padding, positions) => {
    const fit = windowFit({ input, window, stride, padding });
    expect(fit.fits).toBe(false);
    expect(fit.positions).toBeCloseTo(positions, 12);
    expect(fit.output).toBe(Math.floor(positions));
    expect(fit.dropped).toBe((input - window + 2 * padding) % stride);
    expect(fit.why).toContain("use ");
  });

  it("reports a window that is larger than the padded input", () => {
    const fit = windowFit({ input: 3, window: 3, dilation: 2 });
    expect(fit).toMatchObject({ positions: 0, output: 0, fits: false });
    expect(fit.why).toContain(
      "the window does not fit: the input (length) must be at least 5 (3 taps with dilation 2), got 3; use a smaller window, a larger input, or padding of 2 in total",
    );
  });

  it("refuses invalid strides", () => expect(() => windowFit({ input: 3, window: 3, stride: 0 })).toThrow(ValueError));
});
