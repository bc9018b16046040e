// The backends cpu and reference: random recordings give the same values and gradients on both, with NaN and infinity in the same
// places.
import { cpu } from "../../packages/backend-cpu/src/index.ts";
import { reference } from "../../packages/backend-reference/src/index.ts";
import * as t from "../../packages/tensor/src/index.ts";
import { cases, Dice } from "../fuzzing.mjs";
import { Recording } from "../recordings.mjs";

export const name = "differential";
export const count = 1500;

/** Cases per cpu backend, which caches the code of every shape. */
const CASES = 200;
/** Error allowed for a finite number, relative to 1 and the largest number of its tensor. */
const TOLERANCE = 1e-4;

/** The same recording on a backend; `moved` changes the numbers of its inputs. */
async function valuesOn(backend, word, moved) {
  t.useBackend(backend);
  t.setSeed(1);
  const recording = new Recording(new Dice(word), moved);
  return { recording, values: await t.evaluate(...recording.outputs) };
}

/** NaN, an infinity, or 0 for every finite number. */
const kindOf = (x) => (Number.isFinite(x) ? 0 : x);

/** The largest finite size. */
const largest = (values) => values.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);

/**
 * Elements where the cpu is wrong. Where the reference in float32 and in float64 agree on the kind of a number, that of the cpu is of
 * the same kind, and finite numbers are close unless huge numbers were added and subtracted.
 */
function* differences(got, single, double, isHuge) {
  for (const [output, want] of double.entries()) {
    const scale = largest(want);
    for (let i = 0; i < want.length; i++) {
      const [a, b, c] = [got[output][i], single[output][i], want[i]];
      if (!Object.is(kindOf(b), kindOf(c))) continue;
      const isRight = Number.isFinite(c)
        ? (isHuge && Number.isFinite(a)) || Math.abs(a - c) <= TOLERANCE * (1 + scale) + 100 * Math.abs(b - c)
        : Object.is(a, c);
      if (!isRight) yield { output, i, got: a, want: c };
    }
  }
}

/** Tries recordings; a failure is an error with the seed and the recording. */
export async function run({ seed, until }) {
  const [single, double] = [reference(), reference({ precision: "float64" })];
  let backend = await cpu({ threads: 1 });
  let count = 0;
  try {
    return await cases({ seed, until }, async (dice, tell) => {
      if (++count % CASES === 0) {
        backend.dispose();
        backend = await cpu({ threads: 1 });
      }
      const word = dice.word();
      const want = await valuesOn(double, word);
      tell(want.recording.text);
      const got = await valuesOn(backend, word);
      const rounded = await valuesOn(single, word);
      const found = [...differences(got.values, rounded.values, want.values, want.recording.isHuge)];
      if (found.length === 0) return;
      // A result that changes as much with the last digits of the inputs is ill-conditioned, not wrong.
      for (let round = 0; round < 3; round++) {
        const noise = new Dice(dice.word());
        const near = await valuesOn(double, word, (x) => x * (1 + (noise.below(9) - 4) * 2 ** -21));
        for (let k = found.length - 1; k >= 0; k--) {
          const each = found[k];
          const other = near.values[each.output][each.i];
          const isStable = Number.isFinite(each.want)
            ? Math.abs(other - each.want) < Math.abs(each.got - each.want) / 4 || !Number.isFinite(each.got)
            : true;
          if (!isStable || !Object.is(kindOf(other), kindOf(each.want))) found.splice(k, 1);
        }
      }
      const [first] = found;
      if (first !== undefined)
        throw new Error(
          `output ${first.output}, number ${first.i} is ${first.got} on cpu, ${first.want} on the reference`,
        );
    });
  } finally {
    for (const each of [backend, single, double]) each.dispose();
  }
}
