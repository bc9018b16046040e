let context: AudioContext | undefined;
let playing: AudioBufferSourceNode | undefined;

/** Plays samples at a limited volume. A sound that is still playing stops. */
export async function listen(samples: Float32Array, rate: number): Promise<void> {
  context ??= new AudioContext();
  await context.resume();
  playing?.stop();
  const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const buffer = context.createBuffer(1, samples.length, rate);
  buffer.copyToChannel(
    Float32Array.from(samples, (sample) => sample / Math.max(1, loudest)),
    0,
  );
  playing = context.createBufferSource();
  playing.buffer = buffer;
  playing.connect(context.destination);
  playing.start();
}
