import { open, type FileHandle } from "node:fs/promises";
import { ConvlensError } from "@convlens/backend";
import type { Answer } from "./answers.ts";
import { reasonOf } from "./fileErrors.ts";
import { printable } from "./printable.ts";

/** Forms in which answers are written. */
export const formats = ["text", "csv", "json"] as const;
/** A form in which answers are written. */
export type Format = (typeof formats)[number];

/** Fields of an object within others by their paths: `probabilities.cat`. */
function flat(fields: Readonly<Record<string, unknown>>, prefix = ""): (readonly [name: string, value: unknown])[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    typeof value === "object" && value !== null
      ? flat(value as Readonly<Record<string, unknown>>, `${prefix}${name}.`)
      : [[`${prefix}${name}`, value] as const],
  );
}

/** A cell of a CSV file (RFC 4180). */
const cell = (value: unknown): string => {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const row = (cells: readonly unknown[]): string => `${cells.map(cell).join(",")}\n`;

/** Writes answers one by one, to a file or to the standard output. */
export class AnswerWriter {
  readonly #format: Format;
  readonly #file: FileHandle | undefined;
  readonly #path: string;
  #isFirst = true;

  private constructor(format: Format, path: string, file: FileHandle | undefined) {
    this.#format = format;
    this.#path = path;
    this.#file = file;
  }

  /**
   * Opens a file, which is replaced.
   *
   * @throws `ConvlensError` if it cannot be written.
   */
  static async open(format: Format, path: string | undefined): Promise<AnswerWriter> {
    if (path === undefined) return new AnswerWriter(format, "the output", undefined);
    try {
      return new AnswerWriter(format, path, await open(path, "w"));
    } catch (error) {
      throw cannotWrite(path, error);
    }
  }

  async write(name: string, { text, fields }: Answer): Promise<void> {
    const all = { file: name, ...fields };
    if (this.#format === "json") await this.#print(`${JSON.stringify(all)}\n`);
    else if (this.#format === "text") await this.#print(`${name}: ${text}\n`);
    else {
      const cells = flat(all);
      if (this.#isFirst) await this.#print(row(cells.map(([column]) => column)));
      await this.#print(row(cells.map(([, value]) => value)));
    }
    this.#isFirst = false;
  }

  async #print(text: string): Promise<void> {
    if (this.#file === undefined) {
      process.stdout.write(this.#format === "json" ? text : printable(text));
      return;
    }
    try {
      await this.#file.write(text);
    } catch (error) {
      throw cannotWrite(this.#path, error);
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}

const cannotWrite = (path: string, cause: unknown): ConvlensError =>
  new ConvlensError({ problem: `${path} cannot be written: ${reasonOf(cause)}`, cause });
