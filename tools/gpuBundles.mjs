// Checks that the kernels of backend-gpu survive bundling: a page that trains a network on each executor, built by vite and by
// esbuild --minify from the published form of the packages, runs in Chromium, with a content security policy that allows only the
// page's own files.
import { bundledPages } from "./bundledPages.mjs";
import { softwareGraphics } from "./chromium.mjs";

const page = `import { gpu } from "@convlens/backend-gpu";
import { reference } from "@convlens/backend-reference";
import { shapes } from "@convlens/datasets";
import { Conv2d, Dense, Flatten, MaxPool2d, ReLU, sequential } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { fit } from "@convlens/training";

async function losses(backend) {
  useBackend(backend);
  const data = shapes({ size: 12, height: 10, width: 10 });
  const model = sequential([new Conv2d({ filters: 3, kernelSize: 3 }), new ReLU(), new MaxPool2d({ kernelSize: 2 }), new Flatten(), new Dense({ units: 4 })]);
  const found = [];
  for await (const step of fit(model, data, { batchSize: 4, seed: 1 })) if (step.kind === "step") found.push(step.loss);
  return found;
}
async function trainEverywhere() {
  const want = await losses(reference());
  const found = {};
  for (const mode of ["webgl2", "webgpu"]) {
    const backend = await gpu({ mode, allowSoftware: true });
    const got = await losses(backend);
    if (!(got.length === 3 && got.every((loss, i) => Math.abs(loss - want[i]) < 1e-5))) throw new Error(mode + " trains to " + got + ", the reference to " + want);
    found[mode] = backend.executor + " on " + backend.renderer;
  }
  return found;
}
globalThis.answer = trainEverywhere();
`;
await bundledPages(
  "backend-gpu",
  { "page.mjs": page },
  { "under its policy": { "Content-Security-Policy": "default-src 'none'; script-src 'self'" } },
  { browser: softwareGraphics, by: ["esbuild", "vite 8"] },
);
