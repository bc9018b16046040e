// Size in bytes of what a page loads that trains LeNet with backend-cpu/lazy.
import { bundle, trainingPage } from "../../tools/bundle.mjs";

const page = trainingPage(`import { cpu } from "@convlens/backend-cpu/lazy";`, "await cpu()");
console.log(JSON.stringify(bundle(page)));
