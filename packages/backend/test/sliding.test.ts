import {
  droppedBy,
  eachWindow,
  fitWindow,
  inputUnder,
  meetings,
  offsetOf,
  placeOf,
  sizeOf,
  spanOf,
  stepsOf,
  windowsOver,
  type AxisWindow,
  type Sliding,
} from "@convlens/backend";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const asked: fc.Arbitrary<AxisWindow> = fc.record({
  input: fc.integer({ min: 1, max: 9 }),
  window: fc.integer({ min: 1, max: 4 }),
  stride: fc.integer({ min: 1, max: 4 }),
  dilation: fc.integer({ min: 1, max: 3 }),
  padding: fc.oneof(fc.constant("same" as const), fc.tuple(fc.nat(4), fc.nat(4))),
});
const window: fc.Arbitrary<Sliding> = asked.map((each) => fitWindow(each).sliding);

describe("fitWindow", () => {
  it("places as many windows as fit, and reports the dropped numbers", () => {
    fc.assert(
      fc.property(asked, (each) => {
        const { sliding: s, positions, dropped, misfit } = fitWindow(each);
        const room = s.before + s.input + s.after;
        expect(s.output).toBe(Math.max(0, Math.floor(positions)));
        if (s.output > 0) {
          expect((s.output - 1) * s.stride + spanOf(s)).toBeLessThanOrEqual(room);
          expect(s.output * s.stride + spanOf(s)).toBeGreaterThan(room);
        } else expect(spanOf(s)).toBeGreaterThan(room);
        if (each.padding === "same") expect(s.output).toBe(Math.ceil(s.input / s.stride));
        expect(dropped).toBe(s.output === 0 ? room : each.padding === "same" ? 0 : droppedBy(s));
        expect(misfit === undefined).toBe(s.output > 0 && dropped === 0);
        if (each.padding !== "same") expect(misfit === undefined).toBe(Number.isInteger(positions) && positions > 0);
      }),
    );
  });

  it("proposes sizes, paddings and strides that fit", () => {
    fc.assert(
      fc.property(asked, (each) => {
        const { misfit } = fitWindow(each, "height");
        fc.pre(misfit !== undefined && each.padding !== "same");
        const fix = misfit.fix!;
        const [before, after] = each.padding;
        const fits = (other: Partial<AxisWindow>): boolean => fitWindow({ ...each, ...other }).misfit === undefined;
        const more = /(\d+) more padding/.exec(fix) ?? /padding of (\d+)/.exec(fix);
        const padded = fitWindow({ ...each, padding: [before, after + Number(more![1])] });
        expect(padded.sliding.output).toBeGreaterThan(0);
        if (!fix.includes("stride")) return;
        expect(padded.misfit).toBeUndefined();
        for (const input of /an input height of (-?\d+) or (\d+)/.exec(fix)!.slice(1))
          if (Number(input) > 0) expect(fits({ input: Number(input) })).toBe(true);
        for (const [, stride] of fix.matchAll(/a stride of (\d+)/g))
          expect(fits({ stride: Number(stride) })).toBe(true);
      }),
    );
  });
});

describe("meetings", () => {
  it("are the taps over the input, by position, in order", () => {
    fc.assert(
      fc.property(window, (s) => {
        const found = meetings(s);
        expect(found.length).toBe(s.output);
        for (let output = 0; output < s.output; output++)
          for (let tap = 0; tap < s.window; tap++) {
            const input = output * s.stride + tap * s.dilation - s.before;
            expect(inputUnder(s, output, tap)).toBe(input);
            const isThere = found[output]!.some((each) => each.tap === tap && each.input === input);
            expect(isThere).toBe(input >= 0 && input < s.input);
          }
        for (const taps of found) expect(taps).toEqual(taps.toSorted((a, b) => a.tap - b.tap));
      }),
    );
  });

  it("of an input are the windows over it, in the padding, too", () => {
    fc.assert(
      fc.property(window, fc.integer({ min: -4, max: 12 }), (s, input) => {
        const over = windowsOver(s, input);
        for (const { output, tap } of over) expect(inputUnder(s, output, tap)).toBe(input);
        if (input >= 0 && input < s.input)
          expect(over).toEqual(
            meetings(s).flatMap((taps, output) =>
              taps.filter((each) => each.input === input).map(({ tap }) => ({ output, tap })),
            ),
          );
      }),
    );
  });

  it("in two dimensions are the pairs of those of both axes, row by row", () => {
    fc.assert(
      fc.property(window, window, (height, width) => {
        const visited: number[] = [];
        eachWindow({ height, width }, (output, taps) => {
          visited.push(output);
          const [oy, ox] = placeOf(output, [height.output, width.output]) as [number, number];
          const pairs = meetings(height)[oy]!.flatMap((y) => meetings(width)[ox]!.map((x) => [y, x] as const));
          expect(taps.length).toBe(pairs.length);
          taps.forEach(({ input, tap }, i) => {
            const [y, x] = pairs[i]!;
            expect(placeOf(input, [height.input, width.input])).toEqual([y.input, x.input]);
            expect(placeOf(tap, [height.window, width.window])).toEqual([y.tap, x.tap]);
          });
        });
        expect(visited).toEqual(Array.from({ length: height.output * width.output }, (_, i) => i));
      }),
    );
  });
});

it("placeOf and offsetOf are inverse functions", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }), (shape) => {
      for (let i = 0; i < sizeOf(shape); i++) {
        const place = placeOf(i, shape);
        place.forEach((at, axis) => expect(at).toBeLessThan(shape[axis]!));
        expect(offsetOf(place, stepsOf(shape))).toBe(i);
      }
    }),
  );
});
