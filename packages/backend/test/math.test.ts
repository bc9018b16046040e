import { describe, expect, it } from "vitest";
import * as math from "../src/math.ts";
import { Random } from "../src/random.ts";
import { hashOfMath, MATH_HASH } from "./hashOfMath.ts";

/** Distance in units in the last place of the expected result. */
const ulps = (got: number, want: number): number =>
  Math.abs(got - want) / Math.max(Number.MIN_VALUE, Math.abs(want) * 2 ** -52);

describe("elementary functions", () => {
  const ranges = {
    exp: [-700, 700],
    expm1: [-3, 3],
    log: [1e-6, 1e3],
    log1p: [-0.95, 5],
    sin: [-50, 50],
    cos: [-50, 50],
    tanh: [-20, 20],
  } as const;
  for (const [name, [low, high]] of Object.entries(ranges))
    it(`${name} is within 4 units in the last place`, () => {
      for (let i = 0; i <= 20_000; i++) {
        const x = low + ((high - low) * i) / 20_000 + 1e-7;
        const [got, want] = [math[name as "exp"](x), Math[name as "exp"](x)];
        // Near a zero of sine and cosine the rounding of the argument is larger than the error.
        if (Math.abs(want) > 1e-9) expect(ulps(got, want), `${name}(${x})`).toBeLessThan(4);
      }
    });

  it("sine and cosine are accurate for arguments of any size, and close to multiples of π/2", () => {
    // sin x and cos x with 3000 bits (mpmath 1.3), rounded.
    const golden = [
      [1e12, -0.6112387023768895, 0.7914463018528902],
      [1e20, -0.6452512852657808, 0.7639704044417283],
      [-1e30, -0.009331468931175825, -0.9999564608959665],
      [1.7976931348623157e308, 0.004961954789184062, -0.9999876894265599],
      [5.319372648326541e255, 1, -4.687165924254628e-19],
      [Math.PI, 1.2246467991473532e-16, -1],
      [16367173, 0.07914680734231885, -0.9968629709681857],
    ] as const;
    for (const [x, sine, cosine] of golden) {
      expect(ulps(math.sin(x), sine), `sin(${x})`).toBeLessThan(2);
      expect(ulps(math.cos(x), cosine), `cos(${x})`).toBeLessThan(2);
    }
    const random = new Random(1);
    for (let i = 0; i < 3000; i++) {
      const x = (random.next() - 0.5) * 2 ** (random.next() * 2040 - 1020);
      const near = (Math.PI / 2) * random.integer(2 ** (1 + random.integer(29)));
      for (const each of [x, near, -near]) {
        expect(ulps(math.sin(each), Math.sin(each)), `sin(${each})`).toBeLessThan(3);
        expect(ulps(math.cos(each), Math.cos(each)), `cos(${each})`).toBeLessThan(3);
      }
    }
    expect([Infinity, -Infinity, NaN].flatMap((x) => [math.sin(x), math.cos(x)])).toEqual(Array(6).fill(NaN));
    expect([math.sin(0), math.sin(-0)]).toEqual([0, -0]);
  });

  it("have the right values at infinity and NaN", () => {
    expect([math.exp(-Infinity), math.exp(Infinity), math.exp(710), math.exp(-746)]).toEqual([
      0,
      Infinity,
      Infinity,
      0,
    ]);
    expect([math.log(0), math.log(-1), math.log(Infinity), math.log1p(-1)]).toEqual([
      -Infinity,
      NaN,
      Infinity,
      -Infinity,
    ]);
    expect([math.tanh(-Infinity), math.tanh(1e9), math.sigmoid(-800), math.sigmoid(800)]).toEqual([-1, 1, 0, 1]);
    expect([math.erf(Infinity), math.erf(-7), math.sin(Infinity), math.cos(NaN)]).toEqual([1, -1, NaN, NaN]);
    for (const name of ["exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "erf", "sigmoid"] as const)
      expect(math[name](NaN)).toBeNaN();
  });

  it("are accurate for subnormal numbers", () => {
    expect(math.log(5e-324)).toBeCloseTo(-744.4400719213812, 12);
    expect(math.exp(-740)).toBe(4.2e-322);
  });

  it("include erf, with its tabulated values", () => {
    const table = [
      [0.1, 0.1124629160182849],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [2, 0.9953222650189527],
      [2.9, 0.9999589021219005],
      [3.1, 0.9999883513426328],
      [5, 0.9999999999984626],
    ] as const;
    for (const [x, y] of table) expect(Math.abs(math.erf(x) - y)).toBeLessThan(3e-16);
  });

  it("include powers, with the special cases of the standard", () => {
    expect([
      math.power(2, 10),
      math.power(-2, 3),
      math.power(2, -2),
      math.power(9, 0.5),
      math.power(0, 0),
      math.power(NaN, 0),
      math.power(1, NaN),
    ]).toEqual([1024, -8, 0.25, 3, 1, 1, 1]);
    expect([
      math.power(-8, 1 / 3),
      math.power(0, -1),
      math.power(0, 2.5),
      math.power(Infinity, 0.3),
      math.power(-2, 1025),
    ]).toEqual([NaN, Infinity, 0, Infinity, -Infinity]);
    expect(ulps(math.power(7.3, 2.7), 7.3 ** 2.7)).toBeLessThan(8);
  });

  it("have the same bits in every engine", () => expect(hashOfMath()).toBe(MATH_HASH));
});

describe("the Fourier transform", () => {
  const complex = (n: number, seed: number): math.Complex => ({
    re: Float64Array.from(new Random(seed).normal(n, 0, 1)),
    im: Float64Array.from(new Random(seed).split(1).normal(n, 0, 1)),
  });
  const copyOf = ({ re, im }: math.Complex): math.Complex => ({ re: re.slice(), im: im.slice() });

  it.each([1, 2, 8, 64])("of %i numbers is the sum of its definition", (n) => {
    const x = complex(n, n);
    const got = copyOf(x);
    math.fft(got, n);
    for (let k = 0; k < n; k++) {
      let [re, im] = [0, 0];
      for (let i = 0; i < n; i++) {
        const angle = (-2 * Math.PI * i * k) / n;
        re += x.re[i]! * Math.cos(angle) - x.im[i]! * Math.sin(angle);
        im += x.re[i]! * Math.sin(angle) + x.im[i]! * Math.cos(angle);
      }
      expect(got.re[k]!).toBeCloseTo(re, 10);
      expect(got.im[k]!).toBeCloseTo(im, 10);
    }
  });

  it("of every third number leaves the others, and is undone by its inverse", () => {
    const x = complex(50, 3);
    const got = copyOf(x);
    math.fft(got, 16, { start: 2, step: 3 });
    for (const [i, value] of x.re.entries())
      if (i % 3 === 2 && i < 50 - 1) expect(got.re[i]).not.toBe(value);
      else expect(got.re[i]).toBe(value);
    math.fft(got, 16, { start: 2, step: 3, inverse: true });
    for (const part of ["re", "im"] as const)
      for (const [i, value] of x[part].entries()) expect(got[part][i]!).toBeCloseTo(value, 12);
  });
});
