// Lengths of programs in tokens: those of the guide "Train on your data", which a test runs, and the same tasks with TensorFlow.js and
// PyTorch. Comments, imports and types do not count. Run: node programs/count.mjs
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const folder = import.meta.dirname;
const guide = readFileSync(resolve(folder, "../../docs/guides/train-on-your-data.md"), "utf8");

/** Tasks: the heading of the guide, and the beginning of the names of the other files. */
const tasks = {
  Regression: "regression",
  Segmentation: "segmentation",
  "Denoising autoencoder": "denoising",
  "Several labels": "labels",
  "Several inputs and several outputs": "parts",
  "A generative adversarial net": "adversarial",
};

const tokensIn = (code) =>
  code
    .replaceAll(/^\s*(?:\/\/|#).*$/gm, "")
    .match(/[A-Za-z_]\w*|\d[\w.]*(?:e-?\d+)?|"[^"]*"|=>|\*\*|[<>=!]=+|&&|\|\||[^\s\w]/g).length;

/** The program below a heading, without types. */
function ours(heading) {
  const section = guide.slice(guide.indexOf(`## ${heading}\n`));
  return /```ts\n([\s\S]*?)```/
    .exec(section)[1]
    .replaceAll(/: (?:Tensor|Mode|\{[^}=]*Tensor \})|\?: Mode|(?<=[\])])!|implements Layer<.*?>(?= \{)|readonly /g, "");
}

console.log("task".padEnd(36), "Convlens", "TensorFlow.js", "PyTorch");
for (const [heading, file] of Object.entries(tasks)) {
  const own = tokensIn(ours(heading));
  const others = ["tfjs.js", "pytorch.py"].map((kind) =>
    tokensIn(readFileSync(join(folder, `${file}.${kind}`), "utf8")),
  );
  console.log(heading.padEnd(36), `${own}`.padStart(8), `${others[0]}`.padStart(13), `${others[1]}`.padStart(7));
}
