// The size in bytes of what a page loads that trains LeNet on backend-cpu.
import { bundle, trainingPage } from "../../tools/bundle.mjs";

const page = trainingPage(`import { cpu } from "@convlens/backend-cpu";`, "await cpu()");
console.log(JSON.stringify(bundle(page)));
