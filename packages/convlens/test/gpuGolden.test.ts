import { gpuBackend } from "../../backend-gpu/src/gpuBackend.ts";
import { hostDevice } from "../../backend-gpu/test/devices.ts";
import { golden } from "../../tensor/test/golden.ts";

const device = await hostDevice("cpu");
golden("the gpu backend, with its kernels on the host", () => gpuBackend(device), 1e-5);
