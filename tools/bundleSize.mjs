// Checks the size of a page that trains LeNet, minified and gzipped, with each backend.
import { bundle, trainingPage } from "./bundle.mjs";

const pages = [
  ["reference", 42_220, `import { reference } from "@convlens/backend-reference";`, "reference()"],
  [
    "cpu, further kernels loaded when needed",
    74_250,
    `import { cpu } from "@convlens/backend-cpu/lazy";`,
    "await cpu()",
  ],
  ["cpu, one file", 81_570, `import { cpu } from "@convlens/backend-cpu";`, "await cpu()"],
];
for (const [name, limit, load, make] of pages) {
  const { minified, gzipped } = bundle(trainingPage(load, make));
  console.log(`training LeNet on ${name}: ${minified} B minified, ${gzipped} B gzipped (at most ${limit})`);
  if (gzipped > limit) process.exitCode = 1;
}
