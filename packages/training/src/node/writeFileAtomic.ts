import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";

/** Milliseconds without a write after which a temporary file of another process counts as abandoned. */
const ABANDONED_MS = 3_600_000;

/** Last unfinished write of each path. */
const writing = /* @__PURE__ */ new Map<string, Promise<void>>();

/**
 * Writes a file atomically: an interrupted write leaves the old content. Writes of one process to one path happen in the order
 * of the calls. Temporary files that killed processes left beside the file are removed. A symbolic link is replaced, not
 * followed.
 *
 * @throws The error of the file system, such as `ENOSPC` for a full disk; the file is then as it was before.
 *
 * @example
 * ```ts
 * await writeFileAtomic("checkpoint.safetensors", writeCheckpoint(await training.checkpoint()));
 * ```
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const target = resolve(path);
  const before = writing.get(target) ?? Promise.resolve();
  const write = before.then(() => replace(target, content));
  const settled = write.catch(() => undefined);
  writing.set(target, settled);
  await write.finally(() => {
    if (writing.get(target) === settled) writing.delete(target);
  });
}

async function replace(path: string, content: Uint8Array | string): Promise<void> {
  const prefix = prefixOf(path);
  await removeLeftovers(dirname(path), prefix);
  // A rename is atomic only within a folder. Threads share the process id, so the name has a random part.
  const temporary = join(dirname(path), `${prefix}${process.pid}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Beginning of the names of a file's temporary files; short, since names have at most 255 bytes. */
const prefixOf = (path: string): string =>
  `.${basename(path).slice(0, 40)}.${hostname()
    .replaceAll(/[^\w-]/g, "-")
    .slice(0, 40)}.`;

/** Removes temporary files that no process is writing. */
async function removeLeftovers(folder: string, prefix: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(prefix)) continue;
    const pid = /^(\d+)\.[\da-f]{12}\.tmp$/.exec(name.slice(prefix.length))?.[1];
    if (pid === undefined) continue;
    const path = join(folder, name);
    // Another process may remove it at the same time.
    const written = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (written !== undefined && isLeftover(Number(pid), written))
      await rm(path, { force: true }).catch(() => undefined);
  }
}

function isLeftover(pid: number, written: number): boolean {
  if (Date.now() - written > ABANDONED_MS) return true;
  // After a restart in a container a process may have the id of the one that was killed.
  if (pid === process.pid) return written < Date.now() - 1000 * process.uptime() - 1000;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
