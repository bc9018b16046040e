import { readFile } from "../../controls/readFile.ts";
import { LENGTH, RATE } from "./model.ts";

/** Bytes of the largest file that is decoded. */
const MOST_BYTES = 30_000_000;

/**
 * The beginning of a sound, mixed to one channel. A short sound is followed by silence.
 *
 * @throws An error with a sentence for the reader.
 */
export const readSound = (file: Blob, name: string): Promise<Float32Array> =>
  readFile(file, {
    name,
    most: MOST_BYTES,
    enough: `a few seconds in less than ${MOST_BYTES / 1e6} MB are enough`,
    otherwise: "a sound. Browsers read WAV, MP3, Ogg and most of what phones record; the previous sound stays.",
    decode: async () => {
      const decoded = await new OfflineAudioContext(1, LENGTH, RATE).decodeAudioData(await file.arrayBuffer());
      const samples = new Float32Array(LENGTH);
      for (let channel = 0; channel < decoded.numberOfChannels; channel++)
        for (const [i, sample] of decoded.getChannelData(channel).subarray(0, LENGTH).entries())
          samples[i]! += sample / decoded.numberOfChannels;
      return samples;
    },
  });
