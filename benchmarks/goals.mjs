// Goals. Each has a sentence, `says`; the `works` that it is about; `who` must reach it (`ours@1`: one thread of this Node;
// `newest@1`: of the newest Node, with deterministic: false); `what` is measured, and its lower (`least`) or upper (`most`) bound:
//
// - share: of the 128-bit peak of the same number of threads
// - rate: FLOP per second of the direct algorithm
// - images: per second
// - speedup: relative to the fastest of `against`
// - times: duration relative to the workload without this `suffix`
// - a `field` of the single measurement `single`
const share = (says, works, least, who = "ours@1") => ({ says, works, who, what: "share", least });
const rate = (says, works, least, who = "ours@1") => ({ says, works, who, what: "rate", least });
const images = (says, works, least, who = "ours@1") => ({ says, works, who, what: "images", least });
const speedup = (says, works, against, least, who = "ours@1") => ({
  says,
  works,
  who,
  what: "speedup",
  against,
  least,
});
const times = (says, works, suffix, most, who = "ours@1") => ({ says, works, who, what: "times", suffix, most });
const single = (says, name, field, most, who = "ours@1") => ({ says, single: name, field, who, what: "single", most });

/** Relative difference between two runs. */
const LEVEL = 0.97;
const [tfjs, ort, convNetJs, one] = [["tfjs-wasm@1"], ["ort-node@1"], ["convnetjs@1"], ["ours@1"]];
const torch = ["torch@1", "torch-last@1"];
const wide = /^3x3-b32-\d+x\d+x(32|64)-\d+$/;
const wideGradients = /^3x3-b32-\d+x\d+x(32|64)-\d+-gradients$/;

export const goals = [
  share("matmul: 75 % of the peak", /^gemm/, 0.75),
  share("matmul with FMA: 92 % of the peak", /^gemm/, 0.92, "newest@1"),
  speedup("matmul: 1.4 × tfjs-wasm", /^gemm/, tfjs, 1.4),
  speedup("conv-a, one small image: no slower than tfjs-wasm", /^conv-a$/, tfjs, 1),
  speedup("conv-b: 1.8 × tfjs-wasm", /^conv-b$/, tfjs, 1.8),
  times("conv-b, gradient of the filters: 1.5 × the time forward", /^conv-b-dw$/, "-dw", 1.5),
  times("conv-b, gradient of 3 channels: twice the time forward", /^conv-b-dx$/, "-dx", 2),
  speedup("conv-c, by Winograd's algorithm: 4 × tfjs-wasm", /^conv-c$/, tfjs, 4),
  speedup("conv-c: ahead of PyTorch", /^conv-c$/, torch, 1),
  speedup("conv-c: ahead of onnxruntime-node", /^conv-c$/, ort, 1),
  rate("3 × 3, stride 1, 32 channels or more: 115 GFLOP/s", wide, 115e9),
  rate("3 × 3, both gradients: 120 GFLOP/s", wideGradients, 120e9),
  rate("3 × 3 with FMA: 140 GFLOP/s", wide, 140e9, "newest@1"),
  rate("3 × 3, both gradients with FMA: 145 GFLOP/s", wideGradients, 145e9, "newest@1"),
  speedup("conv-d, depthwise: 2 × tfjs-wasm", /^conv-d$/, tfjs, 2),
  speedup("conv-e, 1 × 1: 1.4 × tfjs-wasm", /^conv-e$/, tfjs, 1.4),
  speedup("kernels on two threads: 1.9 × one", /^(gemm-(512|1024)|conv-[bce])$/, one, 1.9, "ours@2"),
  images("train LeNet: 8,000 images/s", /^train-lenet/, 8000),
  speedup("train LeNet: 50 × ConvNetJS", /^train-lenet/, convNetJs, 50),
  speedup("train LeNet: 0.7 × PyTorch", /^train-lenet/, torch, 0.7),
  speedup("train LeNet with FMA: 0.9 × PyTorch", /^train-lenet/, torch, 0.9, "newest@1"),
  speedup("train LeNet: ahead of PyTorch (further than we hope for)", /^train-lenet/, torch, 1),
  speedup("train LeNet on two threads: 1.8 × one", /^train-lenet/, one, 1.8, "ours@2"),
  speedup("train VGG-small: 130 × ConvNetJS", /^train-vgg/, convNetJs, 130),
  speedup("train VGG-small: 1.35 × PyTorch", /^train-vgg/, torch, 1.35),
  speedup("train VGG-small with FMA: 1.65 × PyTorch", /^train-vgg/, torch, 1.65, "newest@1"),
  speedup("train VGG-small on two threads: 1.7 × one", /^train-vgg/, one, 1.7, "ours@2"),
  speedup("infer LeNet, one image: 2 × tfjs-wasm", /^infer-lenet-b1$/, tfjs, 2),
  speedup("infer LeNet, one image: 2 × PyTorch", /^infer-lenet-b1$/, torch, 2),
  speedup("infer LeNet, batch 256: 1.5 × tfjs-wasm", /^infer-lenet-b256$/, tfjs, 1.5),
  speedup("infer VGG-small: 3.5 × tfjs-wasm", /^infer-vgg/, tfjs, 3.5),
  speedup("infer VGG-small: ahead of PyTorch", /^infer-vgg/, torch, 1),
  speedup("infer VGG-small: level with onnxruntime-node", /^infer-vgg/, ort, LEVEL),
  speedup("infer ResNet-18: 2.9 × tfjs-wasm", /^infer-resnet18/, tfjs, 2.9),
  speedup("infer ResNet-18: level with PyTorch", /^infer-resnet18/, torch, LEVEL),
  speedup("infer MobileNet: 1.4 × tfjs-wasm", /^infer-mobilenet/, tfjs, 1.4),
  single("first call of VGG-small training: 60 ms beyond a later one", "first-call", "beyond", 60),
  single("no slow steps after the tenth", "first-call", "lastSlow", 10),
  single("a compiled call beyond its kernels, LeNet's step: 15 µs", "call-cost", "lenetStep", 15),
  single("memory: the heap grows by no more than 16 bytes a step", "memory", "heapGrowth", 16),
  single("memory: the backend holds no more at the end", "memory", "backendGrowth", 0),
  single("keeping all layers while a net answers: 5 % of its time", "tapping", "kept", 0.05),
  single("keeping those behind activation functions: 5 %", "tapping", "few", 0.05),
  single("start, from nothing to the first convolution: 150 ms", "start", "start", 150),
  single("a bundle that trains LeNet: 40 kB gzipped", "bundle", "gzipped", 40_000),
];
