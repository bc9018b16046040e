import type { StepRecord } from "@convlens/training";

const time = (seconds: number): string => {
  const s = Math.max(0, Math.round(seconds));
  return s < 60 ? `${s} s` : `${Math.floor(s / 60)}:${`${s % 60}`.padStart(2, "0")} min`;
};

/** Shows the progress of training: a line that is redrawn on a terminal, a line every ten seconds elsewhere. */
export class ProgressBar {
  readonly #stream: NodeJS.WriteStream;
  readonly #epochs: number;
  #drawn = 0;

  constructor(epochs: number, stream: NodeJS.WriteStream = process.stderr) {
    this.#epochs = epochs;
    this.#stream = stream;
  }

  step({ epoch, batch, batches, loss, accuracy, imagesPerSecond }: StepRecord, batchSize: number): void {
    const terminal = this.#stream.isTTY;
    const now = performance.now();
    if (now - this.#drawn < (terminal ? 100 : 10_000) && !(terminal && batch === batches)) return;
    this.#drawn = now;
    const left = (((this.#epochs - epoch) * batches - batch) * batchSize) / imagesPerSecond;
    const filled = Math.round((24 * batch) / batches);
    const text =
      `epoch ${epoch + 1}/${this.#epochs} ${"█".repeat(filled)}${"░".repeat(24 - filled)} ${batch}/${batches}  ` +
      `loss ${loss.toFixed(4)}  ${accuracy === undefined ? "" : `accuracy ${(100 * accuracy).toFixed(1)} %  `}${Math.round(imagesPerSecond)} images/s  ${time(left)} left`;
    this.#stream.write(terminal ? `\r\x1b[2K${text.slice(0, Math.max(20, this.#stream.columns - 1))}` : `${text}\n`);
  }

  /** Writes a permanent line. */
  line(text: string): void {
    this.#stream.write(`${this.#stream.isTTY ? "\r\x1b[2K" : ""}${text}\n`);
  }
}
