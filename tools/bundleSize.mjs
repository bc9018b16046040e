// The promise of a small download: a page that trains LeNet on backend-reference is at most 30 kB, minified and gzipped.
import { bundle, trainingPage } from "./bundle.mjs";

const LIMIT = 30_000;
const page = trainingPage(`import { reference } from "@convlens/backend-reference";`, "reference()");
const { minified, gzipped } = bundle(page);
console.log(`training LeNet: ${minified} B minified, ${gzipped} B gzipped (at most ${LIMIT})`);
if (gzipped > LIMIT) process.exitCode = 1;
