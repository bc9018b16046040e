// Prints the gzipped size of the code that a reader downloads before the built page can compute, without data, and lists what is
// loaded later. Fails when it exceeds the limit.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";

const MOST = 214_000;
const dist = join(import.meta.dirname, "dist");
const textOf = (path) => readFileSync(join(dist, path), "utf8");

/** Sizes of the code files in bytes, and whether they are loaded at once. */
export function ownCode() {
  const files = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((path) =>
    /\.(?:html|css|js)$/.test(path),
  );
  const named = (text) => files.filter((path) => text.includes(basename(path)));
  // Files that the page names, the worker that its script starts, and their static imports. Other names in a script belong to
  // parts that are loaded later.
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

/** Whether the page is small enough, and a sentence about it. */
export function judgeSize() {
  const parts = ownCode();
  const total = parts.reduce((sum, { size, isAtOnce }) => sum + (isAtOnce ? size : 0), 0);
  // A page, its style, its script and its worker.
  const isRight = parts.filter(({ isAtOnce }) => isAtOnce).length >= 4 && total <= MOST;
  return { isRight, text: `the page's own code: ${total} B gzipped (at most ${MOST})` };
}

if (import.meta.filename === process.argv[1]) {
  for (const { path, size, isAtOnce } of ownCode())
    console.log(`${(size / 1000).toFixed(1).padStart(7)} kB  ${path}${isAtOnce ? "" : " (when it is needed)"}`);
  const { isRight, text } = judgeSize();
  console.log(text);
  if (!isRight) process.exitCode = 1;
}
