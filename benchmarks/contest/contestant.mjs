// A contestant as seen from the benchmark: a process (serve.mjs) that sleeps while others are measured.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Absent } from "./serve.mjs";

/** Number of characters of a process's output that are kept for error messages. */
const KEPT = 2000;

export class Contestant {
  /** Name in tables and files: `"convlens, 2 threads"`. */
  name;
  threads;
  /** Whether it is Convlens. */
  isOurs;
  /** Its description of itself. */
  about = {};
  #start;
  #process;
  #waiting;
  #said = "";

  constructor({ name, command, args, env = {}, threads = 1, isOurs = false }) {
    this.name = name;
    this.threads = threads;
    this.isOurs = isOurs;
    this.#start = () =>
      spawn(command, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe", "pipe"] });
  }

  #begin() {
    const started = this.#start();
    this.#process = started;
    for (const stream of [started.stdout, started.stderr])
      stream.on("data", (text) => (this.#said = `${this.#said}${text}`.slice(-KEPT)));
    createInterface({ input: started.stdio[3] }).on("line", (line) => this.#waiting?.resolve(JSON.parse(line)));
    const lost = (reason) => {
      if (this.#process !== started) return;
      this.#process = undefined;
      this.#waiting?.reject(new Error(`${this.name}: ${reason}\n${this.#said}`));
    };
    started.on("error", (error) => lost(error.message));
    started.on("exit", (code, signal) => lost(`ended with ${signal ?? code}`));
    started.stdin.on("error", () => undefined);
  }

  /** Sends a command and waits for the answer. Restarts a process that ended. */
  async ask(command, rest = {}, { patience = 300 } = {}) {
    if (this.#process === undefined) this.#begin();
    const { promise, resolve, reject } = Promise.withResolvers?.() ?? withResolvers();
    this.#waiting = { resolve, reject };
    const timer = setTimeout(() => {
      reject(new Error(`${this.name}: ${command} took longer than ${patience} s`));
      this.end("SIGKILL");
    }, 1000 * patience);
    try {
      this.#process.stdin.write(`${JSON.stringify({ command, ...rest })}\n`);
      const answer = await promise;
      if (answer.absent !== undefined) throw new Absent(answer.absent);
      if (answer.error !== undefined) throw new Error(`${this.name}: ${answer.error}`);
      return answer;
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
  }

  end(signal) {
    const ending = this.#process;
    this.#process = undefined;
    ending?.kill(signal);
  }
}

function withResolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
