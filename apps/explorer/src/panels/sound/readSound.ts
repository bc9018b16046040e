/** A sound of the reader, or the problem with it. */
export type ReadSound =
  { readonly kind: "sound"; readonly samples: Float32Array } | { readonly kind: "problem"; readonly text: string };

/** Bytes of the largest file that is decoded. */
const MOST_BYTES = 30_000_000;

/** The first `length` samples of a sound, mixed to one channel at `rate` samples per second. A short sound is followed by silence. */
export async function readSound(file: Blob, name: string, length: number, rate: number): Promise<ReadSound> {
  if (file.size > MOST_BYTES)
    return {
      kind: "problem",
      text: `${name} has ${Math.round(file.size / 1e6)} MB; a few seconds in less than ${MOST_BYTES / 1e6} MB are enough.`,
    };
  try {
    const decoded = await new OfflineAudioContext(1, length, rate).decodeAudioData(await file.arrayBuffer());
    const samples = new Float32Array(length);
    for (let channel = 0; channel < decoded.numberOfChannels; channel++)
      for (const [i, sample] of decoded.getChannelData(channel).subarray(0, length).entries())
        samples[i]! += sample / decoded.numberOfChannels;
    return { kind: "sound", samples };
  } catch {
    return {
      kind: "problem",
      text: `${name} could not be read as a sound. Browsers read WAV, MP3, Ogg and most of what phones record; the previous sound stays.`,
    };
  }
}
