// The peak of the machine, measured before each workload: the highest value is the peak, and the others show how quiet the machine
// was.
import { digits } from "../report/format.mjs";

export class PeakWatch {
  #contestants;
  #seconds;
  /** All measurements by id of the contestant. */
  #looks = new Map();

  constructor(contestants, { seconds }) {
    this.#contestants = contestants;
    this.#seconds = Math.min(0.05, seconds);
  }

  /** Lets each contestant measure it, in its own Node and on its threads. */
  async look() {
    for (const contestant of this.#contestants) {
      const looks = this.#looks.get(contestant.id) ?? [];
      looks.push(await contestant.ask("peak", { seconds: this.#seconds }));
      this.#looks.set(contestant.id, looks);
    }
  }

  #best(id, what) {
    const known = (this.#looks.get(id) ?? []).map((look) => look[what]).filter(Number.isFinite);
    return known.length === 0 ? undefined : Math.max(...known);
  }

  /** By id: FLOP/s of multiplying and adding, and fused; bytes per second of copying; the average share of the first. */
  get peaks() {
    return Object.fromEntries(
      [...this.#looks].map(([id, looks]) => {
        const multiplyAdd = this.#best(id, "multiplyAdd");
        const reached = looks.map((look) => (look.multiplyAdd * look.steady) / multiplyAdd);
        const quiet = reached.reduce((sum, share) => sum + share, 0) / reached.length;
        return [id, { multiplyAdd, fused: this.#best(id, "fused"), copy: this.#best(id, "copy"), quiet }];
      }),
    );
  }

  /** A figure relative to the peak of its contestant's Node and threads; that of FMA only where it may use FMA. */
  share(id, { flop }, { median, bytes }) {
    const { options } = this.#contestants.find((contestant) => contestant.id === id);
    const { multiplyAdd, fused, copy } = this.peaks[id];
    if (flop === undefined) return bytes / median / copy;
    return flop / median / (options.deterministic === false ? (fused ?? multiplyAdd) : multiplyAdd);
  }

  /** As a sentence. */
  says() {
    const giga = (x) => digits(x / 1e9);
    return Object.entries(this.peaks)
      .map(([id, { multiplyAdd, fused, copy, quiet }]) => {
        const { name } = this.#contestants.find((contestant) => contestant.id === id);
        const alsoFused = fused === undefined ? "no FMA" : `${giga(fused)} by FMA`;
        return `128-bit SIMD peak (${name}): ${giga(multiplyAdd)} GFLOP/s by products and sums, ${alsoFused}; copying 4 MiB ${giga(copy)} GB/s; ${(100 * quiet).toFixed(0)} % of the peak on the whole${quiet > 0.93 ? "" : ": NOT QUIET, others use this machine"}`;
      })
      .join("\n");
  }
}
