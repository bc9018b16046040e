// Random choices that a seed decides, for fuzzers.

const SIGNS = [..."#&=.%+*_-? \t\n\u0000\u202eé漢🙂", "\ud800"];

/** A source of random choices; the same ones for the same seed. */
export function generator(seed) {
  let state = seed >>> 0;
  /** From 0 to 1, by mulberry32. */
  const fraction = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  /** A whole number from 0 to `count` − 1. */
  const below = (count) => Math.floor(fraction() * count);
  const pick = (options) => options[below(options.length)];
  const sign = () => (below(2) === 0 ? pick(SIGNS) : String.fromCharCode(32 + below(95)));
  /** A text of up to 12 signs. */
  const text = () => Array.from({ length: below(13) }, sign).join("");
  /** A text with a few places left out, doubled or changed. */
  const damage = (from) => {
    let to = from;
    for (let times = 1 + below(4); times > 0; times--) {
      const at = below(to.length + 1);
      const length = below(4);
      const piece = pick([() => "", sign, () => to.slice(at, at + length).repeat(2)])();
      to = to.slice(0, at) + piece + to.slice(at + length);
    }
    return to;
  };
  return { below, pick, text, damage };
}
