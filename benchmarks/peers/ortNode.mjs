// onnxruntime-node: native code, with all that the processor has (AVX-512 where there is any).
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
