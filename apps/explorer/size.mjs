// Size of the built page: the code that a reader downloads before the page can compute, gzipped and without data. Code that is
// loaded later is listed, too. Fails if the page is too large.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";

const MOST = 217_650;
const dist = join(import.meta.dirname, "dist");
const textOf = (path) => readFileSync(join(dist, path), "utf8");

/** Bytes of each file, and whether it is loaded at once. */
export function ownCode() {
  const files = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((path) =>
    /\.(?:html|css|js)$/.test(path),
  );
  const named = (text) => files.filter((path) => text.includes(basename(path)));
  // Files that the page names, the worker that its script starts, and their static imports. Other names in a script are dynamic
  // imports.
  const first = named(textOf("index.html"));
  const worker = first.flatMap((path) => named(textOf(path)).filter((name) => /worker/.test(name)));
  const imported = [...first, ...worker].flatMap((path) =>
    [...textOf(path).matchAll(/(?:\bfrom|\bimport)\s*["'`][^"'`]*\/([^"'`/]+)["'`]/g)].flatMap(([, name]) =>
      named(name),
    ),
  );
  const atOnce = new Set(["index.html", ...first, ...worker, ...imported]);
  return files.map((path) => ({
    path,
    size: gzipSync(readFileSync(join(dist, path)), { level: 9 }).length,
    isAtOnce: atOnce.has(path),
  }));
}

/** Whether the page is small enough, and a sentence about its size. */
export function judgeSize() {
  const parts = ownCode();
  const total = parts.reduce((sum, { size, isAtOnce }) => sum + (isAtOnce ? size : 0), 0);
  // At least a page, its style, its script and its worker.
  const isRight = parts.filter(({ isAtOnce }) => isAtOnce).length >= 4 && total <= MOST;
  return { isRight, text: `code of the page: ${total} B gzipped (at most ${MOST})` };
}

if (import.meta.filename === process.argv[1]) {
  for (const { path, size, isAtOnce } of ownCode())
    console.log(`${(size / 1000).toFixed(1).padStart(7)} kB  ${path}${isAtOnce ? "" : " (when it is needed)"}`);
  const { isRight, text } = judgeSize();
  console.log(text);
  if (!isRight) process.exitCode = 1;
}
