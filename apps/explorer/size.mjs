// How large the page is that was built: what a reader downloads before anything is learned, gzipped, data apart. Fails when it
// is too much.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const MOST = 200_000;
const dist = join(import.meta.dirname, "dist");
const isCode = (path) => /\.(?:html|css|js)$/.test(path);
const files = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter(isCode);
const sizes = files.map((path) => ({ path, size: gzipSync(readFileSync(join(dist, path)), { level: 9 }).length }));
const total = sizes.reduce((sum, { size }) => sum + size, 0);
for (const { path, size } of sizes) console.log(`${(size / 1000).toFixed(1).padStart(7)} kB  ${path}`);
console.log(`${(total / 1000).toFixed(1).padStart(7)} kB  in all, gzipped; at most ${MOST / 1000}`);
// A page, its style, its script and its worker.
if (sizes.length < 4 || total > MOST) process.exitCode = 1;
