// onnxruntime-node: native code that uses all of the processor (AVX-512 where it exists).
import { createRequire } from "node:module";
import { serve } from "../contest/serve.mjs";
import { preparer } from "./onnxRuntime.mjs";

const require = createRequire(import.meta.url);
const ort = require("onnxruntime-node");
const threads = Number(process.argv[2]);
await serve({
  about: { version: require("onnxruntime-node/package.json").version },
  prepare: preparer(ort, { executionProviders: ["cpu"], threads }),
});
