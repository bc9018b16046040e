// TensorFlow.js on its WebAssembly backend (XNNPACK).
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-wasm";
import { Absent, serve } from "../contest/serve.mjs";
import { preparing } from "./tfjs.mjs";

await tf.setBackend("wasm");
const prepare = preparing(tf, {
  cannot: { train: "cannot train: the gradient of filters has no kernel on the wasm backend" },
  absent: (why) => new Absent(why),
});
await serve({ about: { version: tf.version_core }, prepare });
