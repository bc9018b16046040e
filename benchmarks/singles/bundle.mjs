// The size in bytes of what a page loads that trains LeNet on backend-cpu, whose further kernels stay on the server.
import { bundle, trainingPage } from "../../tools/bundle.mjs";

const page = trainingPage(`import { cpu } from "@convlens/backend-cpu/lazy";`, "await cpu()");
console.log(JSON.stringify(bundle(page)));
