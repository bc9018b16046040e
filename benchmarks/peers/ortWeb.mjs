// onnxruntime-web: compiled to WebAssembly SIMD.
import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-web";
import { serve } from "../contest/serve.mjs";
import { preparer } from "./onnxRuntime.mjs";

const threads = Number(process.argv[2]);
ort.env.wasm.numThreads = threads;
const { version } = JSON.parse(
  readFileSync(new URL("node_modules/onnxruntime-web/package.json", import.meta.url), "utf8"),
);
await serve({ about: { version }, prepare: preparer(ort, { executionProviders: ["wasm"], threads }) });
