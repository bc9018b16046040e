// The promise that the workers of backend-cpu survive bundling, whose code is text made of functions: a page that computes
// something runs in Chromium with many threads, with the one worker of a page that may not share memory, and with none.
import { bundledPages } from "./bundledPages.mjs";

const page = `import { conv2d, cpu, evaluate, tensor, useBackend } from "convlens";

const workers = [];
globalThis.Worker = class extends Worker {
  constructor(address) {
    super(address);
    workers.push(this);
  }
};
async function compute() {
  const backend = await cpu({ threads: 3 });
  useBackend(backend);
  const image = tensor(new Float32Array(4 * 64 * 64 * 16).fill(1), [4, 64, 64, 16]);
  const filters = tensor(new Float32Array(3 * 3 * 16 * 16).fill(0.5), [3, 3, 16, 16]);
  for (let turn = 0; turn < 20; turn++) {
    const [maps] = await evaluate(conv2d(image, filters));
    const wrong = maps.findIndex((y) => !(Math.abs(y - 72) < 1e-3));
    if (wrong >= 0) throw new Error("computes " + maps[wrong]);
  }
  return { backend: backend.name, workers: workers.length };
}
globalThis.answer = compute();
`;
const script = "script-src 'self' 'wasm-unsafe-eval'";
const isolated = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const policy = (text) => ({ "Content-Security-Policy": `default-src 'none'; ${script}; ${text}` });

/** How a page is served, and what it must say. */
const ways = {
  plain: [policy("worker-src blob:"), { backend: "cpu", workers: 1 }],
  isolated: [
    { ...isolated, ...policy("worker-src blob:") },
    { backend: "cpu (3 threads)", workers: 4 },
  ],
  "without workers": [policy("worker-src 'self'"), { backend: "cpu" }],
};
const serving = Object.fromEntries(Object.entries(ways).map(([served, [headers]]) => [served, headers]));
for (const { bundler, served, answer } of await bundledPages("backend-cpu", page, serving, {
  esbuild: ["--keep-names"],
}))
  for (const [key, want] of Object.entries(ways[served][1]))
    if (answer[key] !== want)
      throw new Error(`${bundler}, ${served}: expected ${key} to be ${want}, got ${answer[key]}`);
