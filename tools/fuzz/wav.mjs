// The reader of WAV files: a damaged file gives as many samples as its shape says, or a ValueError.
import { readWav, spectrogram } from "../../packages/datasets/src/index.ts";
import { cases, check, damage, joined, outcome } from "../fuzzing.mjs";

export const name = "wav";
export const count = 60_000;

const latin = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
function numbers(...fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}
const chunk = (id, data) => joined(latin(id), numbers([4, data.length]), data, new Uint8Array(data.length % 2));

function file(dice) {
  const [code, bits] = dice.pick([
    [1, 8],
    [1, 16],
    [1, 24],
    [1, 32],
    [3, 32],
    [3, 64],
    [7, 8],
    [1, dice.below(70)],
  ]);
  const [channels, rate] = [dice.below(5), dice.pick([0, 8000, 44_100])];
  const isExtensible = dice.chance(0.3);
  const format = joined(
    numbers([2, isExtensible ? 0xfffe : code], [2, channels], [4, rate], [4, 0], [2, 0], [2, bits]),
    isExtensible ? numbers([2, 22], [2, bits], [4, 3], [2, code]) : new Uint8Array(0),
    isExtensible ? [0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113] : new Uint8Array(0),
  );
  const chunks = [
    ...(dice.chance(0.3) ? [chunk("LIST", dice.bytes(dice.below(9)))] : []),
    chunk("fmt ", format),
    chunk("data", dice.bytes(dice.below(200))),
  ];
  return joined(latin("RIFF"), numbers([4, dice.below(300)]), latin("WAVE"), ...chunks);
}

export const run = (options) =>
  cases(options, async (dice, isInput) => {
    const bytes = dice.chance(0.2) ? file(dice) : damage(file(dice), dice, file(dice));
    isInput(bytes);
    const wav = await outcome(() => readWav(bytes));
    if (wav === undefined) return;
    const [frames, channels] = wav.shape;
    check(wav.values.length === frames * channels, `${wav.values.length} samples for ${frames} × ${channels}`);
    check(wav.sampleRate > 0, `its sample rate is ${wav.sampleRate}`);
    if (dice.chance(0.1)) await outcome(() => spectrogram(wav, { size: dice.pick([2, 8, 64]) }));
  });
