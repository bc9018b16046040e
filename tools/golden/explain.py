"""Golden values of all explanations of two nets (a chain and one with branches) from PyTorch's autograd in float64.

Run: /usr/bin/python3 tools/golden/explain.py   (Debian's python3-torch; writes explain.json beside this file)

Layouts are those of Convlens (activations [n, h, w, c], filters [kh, kw, c, f], weights [in, out]). The
rules of guided backpropagation and of the deconvnet are autograd functions that replace ReLU. Layer-wise relevance is computed
layer by layer, from the last to the first, as in its paper.
"""
import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(11)

EPSILON = 0.05  # of layer-wise relevance, large enough to have an effect
SAMPLES, NOISE, SEED = 4, 0.15, 3  # of SmoothGrad
STEPS = 16  # of integrated gradients
SIZE, STRIDE = 3, 2  # of the occluder
TARGETS = [1, 3]

first = lambda x: x.movedim(-1, 1).contiguous()
last = lambda x: x.movedim(1, -1)


def numbers(*shape, scale=1.0):
    return (torch.randn(*shape) * scale * 1000).round() / 1000


x = numbers(2, 8, 8, 2)
weights = {
    "chain": {
        "conv1.filters": numbers(3, 3, 2, 4, scale=0.5), "conv1.bias": numbers(4, scale=0.2),
        "conv2.filters": numbers(3, 3, 4, 5, scale=0.4), "conv2.bias": numbers(5, scale=0.2),
        "dense1.weights": numbers(20, 8, scale=0.5), "dense1.bias": numbers(8, scale=0.2),
        "dense2.weights": numbers(8, 5, scale=0.6), "dense2.bias": numbers(5, scale=0.2),
    },
    "branches": {
        "stem.filters": numbers(3, 3, 2, 3, scale=0.5), "stem.bias": numbers(3, scale=0.2),
        "body.filters": numbers(3, 3, 3, 3, scale=0.4), "body.bias": numbers(3, scale=0.2),
        "narrow.filters": numbers(1, 1, 3, 2, scale=0.6), "narrow.bias": numbers(2, scale=0.2),
        "wide.filters": numbers(3, 3, 3, 2, scale=0.4), "wide.bias": numbers(2, scale=0.2),
        "head.weights": numbers(64, 5, scale=0.4), "head.bias": numbers(5, scale=0.2),
    },
}


class Guided(torch.autograd.Function):
    """ReLU that passes on gradients where both the input and the gradient are positive."""
    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return z.clamp(min=0)

    @staticmethod
    def backward(ctx, dy):
        (z,) = ctx.saved_tensors
        return dy.clamp(min=0) * (z > 0)


class Deconvolved(torch.autograd.Function):
    """ReLU that passes on positive gradients, whatever the input is."""
    @staticmethod
    def forward(ctx, z):
        return z.clamp(min=0)

    @staticmethod
    def backward(ctx, dy):
        return dy.clamp(min=0)


def conv(x, w, name, padding=0):
    return last(F.conv2d(first(x), w[name + ".filters"].permute(3, 2, 0, 1), w[name + ".bias"], padding=padding))


def dense(x, w, name):
    return x.reshape(x.shape[0], -1) @ w[name + ".weights"] + w[name + ".bias"]


def max_pool(x):
    return last(F.max_pool2d(first(x), 2))


def average_pool(x):
    return last(F.avg_pool2d(first(x), 2))


def branch_sum(stem, w):
    return stem + conv(stem, w, "body", 1)


def branch_stack(x, w):
    return torch.cat([conv(x, w, "narrow"), conv(x, w, "wide", 1)], -1)


# Each net is a list of stages with a ReLU after each but the last. Every stage is linear, or piecewise linear through max
# pooling. `maps` is the index of the stage whose ReLU Grad-CAM uses.
nets = {
    "chain": {
        "maps": 1,
        "stages": [
            lambda x, w: conv(x, w, "conv1", 1),
            lambda x, w: conv(max_pool(x), w, "conv2"),
            lambda x, w: dense(x, w, "dense1"),
            lambda x, w: dense(x, w, "dense2"),
        ],
    },
    "branches": {
        "maps": 2,
        "stages": [
            lambda x, w: conv(x, w, "stem", 1),
            branch_sum,
            branch_stack,
            lambda x, w: dense(average_pool(x), w, "head"),
        ],
    },
}


def forward(net, w, x, relu=torch.relu, keep=None):
    stages = net["stages"]
    for i, stage in enumerate(stages):
        x = stage(x, w)
        if i < len(stages) - 1:
            x = relu(x)
        if keep is not None and i == net["maps"]:
            keep.append(x)
    return x


def scores(net, w, x, relu=torch.relu, keep=None):
    return forward(net, w, x, relu, keep)[torch.arange(len(x)), TARGETS]


def slope(net, w, x, relu=torch.relu):
    x = x.clone().requires_grad_(True)
    return torch.autograd.grad(scores(net, w, x, relu).sum(), x)[0]


# The random numbers of Convlens, so that the noise is the same: Threefry-2x32 with 20 rounds, then the Box-Muller transform.
WORD = 0xFFFFFFFF
TURNS = [13, 15, 26, 6, 17, 29, 16, 24]


def threefry(key0, key1, counter0, counter1):
    key = [key0, key1, 0x1BD11BDA ^ key0 ^ key1]
    a, b = (counter0 + key[0]) & WORD, (counter1 + key[1]) & WORD
    for r in range(20):
        a = (a + b) & WORD
        turn = TURNS[r % 8]
        b = (((b << turn) | (b >> (32 - turn))) & WORD) ^ a
        if r % 4 == 3:
            i = (r + 1) // 4
            a = (a + key[i % 3]) & WORD
            b = (b + key[(i + 1) % 3] + i) & WORD
    return a, b


def normal(seed, label, n):
    stream = threefry(0, 0x5EED, label, 0)[0]
    found = []
    for count in range(n):
        a, b = threefry(seed, stream, count, 1)
        found.append(math.sqrt(-2 * math.log((a + 0.5) / 2**32)) * math.cos(2 * math.pi * (b + 0.5) / 2**32))
    return torch.tensor(np.array(found, dtype=np.float32).astype(np.float64))


def smooth_grad(net, w):
    low, high = x.amin((1, 2, 3), keepdim=True), x.amax((1, 2, 3), keepdim=True)
    total = torch.zeros_like(x)
    for sample in range(SAMPLES):
        noise = normal(SEED, sample, x.numel()).reshape(x.shape)
        total += slope(net, w, x + noise * NOISE * (high - low))
    return total / SAMPLES


def integrated_gradients(net, w):
    nodes, parts = np.polynomial.legendre.leggauss(STEPS)
    total = torch.zeros_like(x)
    for node, part in zip(nodes, parts):
        total += part / 2 * slope(net, w, x * (node + 1) / 2)
    return x * total


def grad_cam(net, w):
    keep = []
    y = scores(net, w, x.clone().requires_grad_(True), keep=keep).sum()
    (maps,) = keep
    importance = torch.autograd.grad(y, maps)[0].mean((1, 2), keepdim=True)
    coarse = (importance * maps).sum(-1, keepdim=True).clamp(min=0)
    fine = last(F.interpolate(first(coarse), size=x.shape[1:3], mode="bilinear", align_corners=False))
    return coarse.detach(), fine.detach()


def occlusion(net, w):
    before = scores(net, w, x)
    total, times = torch.zeros(*x.shape[:3], 1), torch.zeros(*x.shape[:3], 1)
    positions = [i * STRIDE for i in range(1 + math.ceil((x.shape[1] - SIZE) / STRIDE))]
    for top in positions:
        for left in positions:
            window = (slice(None), slice(top, top + SIZE), slice(left, left + SIZE))
            covered = x.clone()
            covered[window] = 0
            total[window] += (before - scores(net, w, covered)).reshape(-1, 1, 1, 1)
            times[window] += 1
    return total / times


def relevance(net, w):
    """Epsilon rule: R_i = sum_j a_i w_ij / (z_j + epsilon sign z_j) R_j for each stage; ReLU passes relevance on unchanged."""
    stages = net["stages"]
    inputs = [x]
    for stage in stages[:-1]:
        inputs.append(torch.relu(stage(inputs[-1], w)))
    R = None
    for stage, a in reversed(list(zip(stages, inputs))):
        a = a.clone().requires_grad_(True)
        z = stage(a, w)
        if R is None:
            R = torch.zeros_like(z)
            R[torch.arange(len(x)), TARGETS] = z.detach()[torch.arange(len(x)), TARGETS]
        s = R / (z + EPSILON * torch.where(z >= 0, 1.0, -1.0)).detach()
        R = (a * torch.autograd.grad(z, a, s)[0]).detach()
    return R


found = {}
for name, net in nets.items():
    w = weights[name]
    gradient = slope(net, w, x)
    guided = slope(net, w, x, Guided.apply)
    coarse, fine = grad_cam(net, w)
    found[name] = {
        "weights": w,
        "scores": scores(net, w, x),
        "coarse": coarse,
        "maps": {
            "gradient": gradient,
            "inputTimesGradient": gradient * x,
            "smoothGrad": smooth_grad(net, w),
            "integratedGradients": integrated_gradients(net, w),
            "guidedBackpropagation": guided,
            "deconvnet": slope(net, w, x, Deconvolved.apply),
            "gradCam": fine,
            "guidedGradCam": guided * fine,
            "occlusion": occlusion(net, w),
            "relevance": relevance(net, w),
        },
    }


def coded(value):
    if isinstance(value, dict):
        return {key: coded(inner) for key, inner in value.items()}
    if isinstance(value, torch.Tensor):
        return {"shape": list(value.shape), "values": [float(f"{v:.9g}") for v in value.reshape(-1).tolist()]}
    return value


options = {"targets": TARGETS, "epsilon": EPSILON, "samples": SAMPLES, "noise": NOISE, "seed": SEED, "steps": STEPS, "size": SIZE, "stride": STRIDE}
text = json.dumps({"torch": torch.__version__, "options": options, "x": coded(x), "nets": coded(found)}, separators=(",", ":"))
pathlib.Path(__file__).with_name("explain.json").write_text(text)
