import { createHash, randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

/** The process that holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Distinguishes locks of one process. */
  readonly id: string;
}

/** An empty lock file is being written; an older one was left by a process that was killed while it wrote. */
const WRITING_MS = 10_000;

/** A lock file, which keeps two processes from writing to a folder at the same time. */
export class FolderLock {
  readonly path: string;
  readonly #text: string;
  readonly #onExit = (): void => rmSync(this.path, { force: true });

  private constructor(path: string, text: string) {
    this.path = path;
    this.#text = text;
    process.once("exit", this.#onExit);
  }

  /** Returns the path of the lock file of a folder. */
  static pathIn = (folder: string): string => join(folder, ".lock");

  /** Takes the lock of a folder, or returns `undefined` if a running process holds it. Locks of killed processes are removed. */
  static async take(folder: string): Promise<FolderLock | undefined> {
    const path = FolderLock.pathIn(folder);
    const holder: Holder = { pid: process.pid, host: hostname(), id: randomUUID() };
    const text = JSON.stringify(holder);
    return (await taken(path, text)) ? new FolderLock(path, text) : undefined;
  }

  /** Releases the lock. */
  async release(): Promise<void> {
    process.off("exit", this.#onExit);
    if ((await contentOf(this.path))?.text === this.#text) await rm(this.path, { force: true });
  }
}

interface Content {
  readonly text: string;
  readonly written: number;
}

async function created(path: string, text: string): Promise<boolean> {
  let file;
  try {
    file = await open(path, "wx");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  try {
    await file.writeFile(text);
    return true;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Returns the content of a lock file, or `undefined` if there is none. */
async function contentOf(path: string): Promise<Content | undefined> {
  try {
    const { mtimeMs, size } = await stat(path);
    return { text: size > 1000 ? "" : await readFile(path, "utf8"), written: mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function isHeld({ text, written }: Content): boolean {
  let holder: Partial<Holder> | null;
  try {
    holder = JSON.parse(text) as Partial<Holder> | null;
  } catch {
    return Date.now() - written < WRITING_MS;
  }
  const { pid, host } = holder ?? {};
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid <= 0) return false;
  // Processes of other machines cannot be checked.
  if (host !== hostname()) return true;
  // After a restart of a container this process may have the id of the one that was killed.
  if (pid === process.pid) return written >= Date.now() - 1000 * process.uptime() - 1000;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/**
 * Creates a lock file, or replaces one that a killed process left; returns false if a running process holds it. A file can be
 * replaced only by the process that holds the lock of its replacement, which is named after the content: a process that found the
 * old file later cannot replace the new one.
 */
async function taken(path: string, text: string): Promise<boolean> {
  // Each repetition waits for a process that replaces the file.
  for (let i = 0; i < 100; i++) {
    if (await created(path, text)) return true;
    const found = await contentOf(path);
    if (found === undefined) continue;
    if (isHeld(found)) return false;
    const replacement = `${path}.${createHash("sha256").update(found.text).digest("hex").slice(0, 16)}`;
    if (!(await taken(replacement, text))) await setTimeout(10);
    else if ((await contentOf(path))?.text === found.text) {
      await rename(replacement, path);
      return true;
    } else await rm(replacement, { force: true });
  }
  return false;
}
