// A minimal program: loads modules, starts the backend, computes one convolution, and ends. It is timed from outside.
import { cpu } from "@convlens/backend-cpu";
import { conv2d, useBackend, zeros } from "@convlens/tensor";

useBackend(await cpu(JSON.parse(process.argv[2]).options));
await conv2d(zeros([1, 28, 28, 1]), zeros([5, 5, 1, 12])).data();
