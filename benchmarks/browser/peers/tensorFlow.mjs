// TensorFlow.js on its two backends for graphics processors.
import * as tf from "@tensorflow/tfjs-core";
// Otherwise bundlers remove the gradients.
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgpu";
import { preparing } from "../../peers/tfjs.mjs";
import { Absent } from "../absent.mjs";

/** One of its backends as a contestant. The backend is a global setting of TensorFlow.js. */
export async function tensorFlow(name) {
  if (!(await tf.setBackend(name).catch(() => false))) throw new Absent(`has no ${name} here`);
  await tf.ready();
  // Large enough not to be computed on the CPU.
  const tick = tf.zeros([8192]);
  return {
    about: `TensorFlow.js ${tf.version_core}, ${name}`,
    enter: () => tf.setBackend(name),
    prepare: preparing(tf, { read: (y) => y.data(), absent: (why) => new Absent(why) }),
    /** Waits for a result that is computed after everything else. */
    finish: async () => {
      const next = tf.add(tick, 1);
      await next.data();
      next.dispose();
    },
  };
}
