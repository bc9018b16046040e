// Checks that every bundler with its defaults can bundle backend-cpu, in a page and in a worker of a page, including its workers, whose
// code is text of functions. The bundles run in Chromium with many threads, with one worker without shared memory, and without
// workers.
import { bundledPages } from "./bundledPages.mjs";

const imports = `import { cpu } from "@convlens/backend-cpu";
import { conv2d, evaluate, lpPool2d, tensor, useBackend } from "@convlens/tensor";`;
const compute = `
const workers = [];
globalThis.Worker = class extends Worker {
  constructor(...given) {
    super(...given);
    workers.push(this);
  }
};
async function compute() {
  const backend = await cpu({ threads: 3 });
  useBackend(backend);
  const image = tensor(new Float32Array(4 * 64 * 64 * 16).fill(1), [4, 64, 64, 16]);
  const filters = tensor(new Float32Array(3 * 3 * 16 * 16).fill(0.5), [3, 3, 16, 16]);
  for (let turn = 0; turn < 20; turn++) {
    // Pooling over windows of one pixel changes nothing; its kernel is one that few networks need.
    const [maps] = await evaluate(lpPool2d(conv2d(image, filters), { kernelSize: 1 }));
    const wrong = maps.findIndex((y) => !(Math.abs(y - 72) < 1e-3));
    if (wrong >= 0) throw new Error("computes " + maps[wrong]);
  }
  return { backend: backend.name, workers: workers.length };
}
`;
const inPage = { "page.mjs": `${imports}${compute}globalThis.answer = compute();\n` };
const inWorker = {
  "page.mjs": `const worker = new Worker(new URL("./worker.mjs", import.meta.url), { type: "module" });
globalThis.answer = new Promise((resolve, reject) => {
  worker.addEventListener("message", ({ data }) => (data.error === undefined ? resolve(data) : reject(data.error)));
  worker.addEventListener("error", ({ message }) => reject(message));
});
`,
  "worker.mjs": `${imports}${compute}compute().then(postMessage, (error) => postMessage({ error: String(error) }));\n`,
};
const script = "script-src 'self' 'wasm-unsafe-eval'";
const isolated = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const policy = (text) => ({ "Content-Security-Policy": `default-src 'none'; ${script}; ${text}` });

/** What is bundled, how it is served, and the expected answer. */
const promises = [
  [
    "a page",
    inPage,
    {
      plain: [policy("worker-src blob:"), { backend: "cpu", workers: 1 }],
      isolated: [
        { ...isolated, ...policy("worker-src blob:") },
        { backend: "cpu (3 threads)", workers: 4 },
      ],
      "without workers": [policy("worker-src 'self'"), { backend: "cpu" }],
    },
  ],
  [
    "a worker",
    inWorker,
    {
      plain: [policy("worker-src 'self'"), { backend: "cpu", workers: 0 }],
      isolated: [
        { ...isolated, ...policy("worker-src 'self' blob:") },
        { backend: "cpu (3 threads)", workers: 2 },
      ],
    },
  ],
];
for (const [name, sources, ways] of promises) {
  const serving = Object.fromEntries(Object.entries(ways).map(([served, [headers]]) => [served, headers]));
  const answers = await bundledPages(name, sources, serving, { esbuild: ["--keep-names"] });
  for (const { bundler, served, answer } of answers)
    for (const [key, want] of Object.entries(ways[served][1]))
      if (answer[key] !== want)
        throw new Error(`${name}, ${bundler}, ${served}: expected ${key} to be ${want}, got ${answer[key]}`);
}
