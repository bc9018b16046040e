// Contestants of the page: Convlens on each of its backends, and TensorFlow.js. Each has `about`, `enter` (called first), `prepare`
// (as in ../ours/prepare.mjs), and `finish`, which waits until all work is done.
import { cpu } from "@convlens/backend-cpu";
import { gpu } from "@convlens/backend-gpu";
import { useBackend } from "@convlens/tensor";
import { prepare } from "../ours/prepare.mjs";
import { Absent } from "./absent.mjs";

/** Convlens on a backend. */
async function convlens(make) {
  const backend = await make().catch((error) => {
    throw new Absent(error.message);
  });
  useBackend(backend);
  const tick = backend.allocate(1);
  backend.write(tick, Float32Array.of(1));
  const { isSoftware = false } = backend;
  return {
    about: `Convlens, ${backend.name}${isSoftware ? ", which is software" : ""}`,
    enter: () => useBackend(backend),
    prepare,
    finish: () => backend.read(tick),
  };
}

const tensorFlow = async (name) => {
  const peers = await import("./peers/tensorFlow.mjs");
  return peers.tensorFlow(name);
};

/** By id. Software is allowed here, because the table names it. */
export const contestants = {
  cpu: () => convlens(() => cpu()),
  webgpu: () => convlens(() => gpu({ mode: "webgpu", allowSoftware: true })),
  webgl2: () => convlens(() => gpu({ mode: "webgl2", allowSoftware: true })),
  "tfjs-webgpu": () => tensorFlow("webgpu"),
  "tfjs-webgl": () => tensorFlow("webgl"),
};
