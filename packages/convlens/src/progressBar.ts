import type { StepRecord } from "@convlens/training";
import { metricTexts } from "./tasks.ts";

const time = (seconds: number): string => {
  const s = Math.max(0, Math.round(seconds));
  return s < 60 ? `${s} s` : `${Math.floor(s / 60)}:${`${s % 60}`.padStart(2, "0")} min`;
};

/** Amount of work of a training run. */
interface TrainingSize {
  readonly epochs: number;
  /** Number of examples in an epoch. */
  readonly examples: number;
  readonly batchSize: number;
}

/** Shows the progress of training: a line that is redrawn on a terminal, a line every ten seconds elsewhere. */
export class ProgressBar {
  readonly #size: TrainingSize;
  readonly #stream: NodeJS.WriteStream;
  #drawn = 0;

  constructor(size: TrainingSize, stream: NodeJS.WriteStream = process.stderr) {
    this.#size = size;
    this.#stream = stream;
  }

  step({ epoch, batch, loss, metrics, examplesPerSecond }: StepRecord<object>): void {
    const { epochs, examples, batchSize } = this.#size;
    const batches = Math.ceil(examples / batchSize);
    const terminal = this.#stream.isTTY;
    const now = performance.now();
    if (now - this.#drawn < (terminal ? 100 : 10_000) && !(terminal && batch === batches)) return;
    this.#drawn = now;
    // The last batch of an epoch may be smaller.
    const done = Math.min(batch * batchSize, examples);
    const left = ((epochs - epoch) * examples - done) / examplesPerSecond;
    const filled = Math.round((24 * batch) / batches);
    const text =
      `epoch ${epoch + 1}/${epochs} ${"█".repeat(filled)}${"░".repeat(24 - filled)} ${batch}/${batches}  ` +
      [
        `loss ${loss.toFixed(4)}`,
        ...metricTexts(metrics, 1),
        `${Math.round(examplesPerSecond)} images/s`,
        `${time(left)} left`,
      ].join("  ");
    this.#stream.write(terminal ? `\r\x1b[2K${text.slice(0, Math.max(20, this.#stream.columns - 1))}` : `${text}\n`);
  }

  /** Writes a permanent line. */
  line(text: string): void {
    this.#stream.write(`${this.#stream.isTTY ? "\r\x1b[2K" : ""}${text}\n`);
  }
}
