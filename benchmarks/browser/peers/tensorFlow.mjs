// TensorFlow.js on its two backends for graphics processors, in a page.
import * as tf from "@tensorflow/tfjs-core";
// Bundlers would leave the gradients out.
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgpu";
import { preparing } from "../../peers/tfjs.mjs";
import { Absent } from "../absent.mjs";

/** One of its backends as a contestant; which of them computes is a setting of all of it. */
export async function tensorFlow(name) {
  if (!(await tf.setBackend(name).catch(() => false))) throw new Absent(`has no ${name} here`);
  await tf.ready();
  // So many numbers that they are not computed beside the graphics processor.
  const tick = tf.zeros([8192]);
  return {
    about: `TensorFlow.js ${tf.version_core}, ${name}`,
    enter: () => tf.setBackend(name),
    prepare: preparing(tf, { read: (y) => y.data(), absent: (why) => new Absent(why) }),
    /** Everything before it has been computed when this has. */
    finish: async () => {
      const next = tf.add(tick, 1);
      await next.data();
      next.dispose();
    },
  };
}
