"""Golden values of PyTorch for random geometries: the result and the gradient of every input.

Run: /usr/bin/python3 tools/golden/grid.py   (Debian's python3-torch; writes grid.json beside this file)

Layouts are those of Convlens (activations [n, h, w, c], filters [kh, kw, c / groups, f]); computations are in float64.
Inputs are distinct multiples of 1/64, so that they are exact in float32 and no pooling window has equal numbers.
"""
import base64
import json
import math
import pathlib
import random

import numpy as np
import torch
import torch.nn.functional as F

random.seed(2026)
pick = random.choice
cases = []


def numbers(*shape, positive=False):
    """Distinct multiples of 1/64 in random order, about half of them negative unless `positive`."""
    size = math.prod(shape)
    values = list(range(1, size + 1)) if positive else [k - size // 2 + (k >= size // 2) for k in range(size)]
    random.shuffle(values)
    return torch.tensor(values, dtype=torch.float64).reshape(shape) / 64


def coded(t):
    """Encodes multiples of 1/64 as 16-bit integers, and other tensors as float64, in base64."""
    a = t.detach().numpy()
    whole = a * 64
    kind, b = ("i", whole.astype("<i2")) if np.array_equal(whole, np.round(whole)) and abs(whole).max(initial=0) < 32768 else ("f", a.astype("<f8"))
    return {"shape": list(a.shape), kind: base64.b64encode(np.ascontiguousarray(b).tobytes()).decode()}


def add(kind, options, function, **inputs):
    for t in inputs.values():
        t.requires_grad_(True)
    y = function(**inputs)
    dy = numbers(*y.shape)
    gradients = torch.autograd.grad(y, list(inputs.values()), dy)
    cases.append({
        "kind": kind,
        "options": options,
        "inputs": {name: coded(t) for name, t in inputs.items()},
        "dy": coded(dy),
        "y": coded(y),
        "gradients": {name: coded(g) for name, g in zip(inputs, gradients)},
    })


first = lambda x: x.movedim(-1, 1).contiguous()  # channels first
last = lambda x: x.movedim(1, -1)


def sides(padding, size, window, stride, dilation):
    """Padding of one axis as [before, after]."""
    if padding == "valid":
        return [0, 0]
    if padding == "same":
        span = (window - 1) * dilation + 1
        total = max(0, (math.ceil(size / stride) - 1) * stride + span - size)
        return [total // 2, total - total // 2]
    return [padding, padding] if isinstance(padding, int) else list(padding)


def geometry(rank, window):
    """Random stride, dilation and padding, and sizes that leave at least one position."""
    stride = [pick([1, 1, 2, 3]) for _ in range(rank)]
    dilation = [pick([1, 1, 2]) for _ in range(rank)]
    form = pick(["number", "number", "sides", "same", "valid"])
    if form in ("same", "valid"):
        padding = form
    elif form == "number":
        padding = random.randint(0, 2)
    else:
        padding = [[random.randint(0, 2), random.randint(0, 2)] for _ in range(rank)]
    return stride, dilation, padding


def convolution(rank, depthwise=False):
    window = [random.randint(1, 3) for _ in range(rank)]
    stride, dilation, padding = geometry(rank, window)
    groups = pick([1, 1, 2, 3])
    c, f = (1, pick([1, 2])) if depthwise else (random.randint(1, 3), random.randint(1, 3))
    if depthwise:
        groups = random.randint(2, 4)
    size = [random.randint(5, 8) for _ in range(rank)]
    pads = [sides(padding if isinstance(padding, (int, str)) else padding[i], size[i], window[i], stride[i], dilation[i]) for i in range(rank)]
    flat = [p for pair in reversed(pads) for p in pair]

    def function(x, filters):
        weights = filters.permute(rank + 1, rank, *range(rank)).contiguous()
        conv = F.conv1d if rank == 1 else F.conv2d
        return last(conv(F.pad(first(x), flat), weights, None, stride, 0, dilation, groups))

    if rank == 1:
        options = {"stride": stride[0], "dilation": dilation[0], "padding": padding if isinstance(padding, (int, str)) else padding[0], "groups": groups}
    else:
        options = {"stride": stride, "dilation": dilation, "padding": padding, "groups": groups}
    add(f"conv{rank}d", options, function, x=numbers(random.randint(1, 2), *size, c * groups), filters=numbers(*window, c, f * groups))


def transposed(rank):
    window = [random.randint(2, 3) for _ in range(rank)]
    stride = [pick([1, 2, 3]) for _ in range(rank)]
    dilation = [pick([1, 1, 2]) for _ in range(rank)]
    padding = random.randint(0, 1)
    extra = [random.randint(0, max(s, d) - 1) for s, d in zip(stride, dilation)]
    groups = pick([1, 2])
    c, f = random.randint(1, 2), random.randint(1, 2)
    size = [random.randint(2, 4) for _ in range(rank)]

    def function(x, filters):
        weights = filters.permute(rank + 1, rank, *range(rank)).contiguous()
        conv = F.conv_transpose1d if rank == 1 else F.conv_transpose2d
        return last(conv(first(x), weights, None, stride, padding, extra, groups, dilation))

    flat = lambda pair: pair[0] if rank == 1 else pair
    options = {"stride": flat(stride), "dilation": flat(dilation), "padding": padding, "outputPadding": flat(extra), "groups": groups}
    add(f"convTranspose{rank}d", options, function, x=numbers(random.randint(1, 2), *size, c * groups), filters=numbers(*window, f, c * groups))


def pooling(kind, rank):
    size = [random.randint(2, 3) for _ in range(rank)]
    stride = [random.randint(1, 3) for _ in range(rank)]
    padding = 0 if kind == "lpPool" else random.randint(0, 1)
    shape = [random.randint(1, 2), *[random.randint(5, 7) for _ in range(rank)], random.randint(1, 3)]
    flat = lambda pair: pair[0] if rank == 1 else pair
    options = {"kernelSize": flat(size), "stride": flat(stride), "padding": padding}
    if kind == "maxPool":
        pool = F.max_pool1d if rank == 1 else F.max_pool2d
        function = lambda x: last(pool(first(x), size, stride, padding))
    elif kind == "averagePool":
        counts = pick([True, False])
        options["countPadding"] = counts
        pool = F.avg_pool1d if rank == 1 else F.avg_pool2d
        function = lambda x: last(pool(first(x), size, stride, padding, False, counts))
    else:
        p = options["p"] = pick([1, 2, 3])
        pool = F.avg_pool1d if rank == 1 else F.avg_pool2d
        # lp_pool of PyTorch does not take absolute values for odd p.
        function = lambda x: last((pool(first(x).abs() ** p, size, stride) * math.prod(size)) ** (1 / p))
    add(f"{kind}{rank}d", options, function, x=numbers(*shape))


def normalization(kind):
    n, h, w = random.randint(2, 3), random.randint(2, 4), random.randint(2, 4)
    epsilon = pick([1e-5, 1e-3, 0.1])
    if kind == "batchNorm":
        c = random.randint(1, 4)
        function = lambda x, scale, shift: last(F.batch_norm(first(x), None, None, scale, shift, True, 0, epsilon))
        add(kind, {"epsilon": epsilon}, function, x=numbers(n, h, w, c), scale=numbers(c), shift=numbers(c))
    elif kind == "batchNormInference":
        c = random.randint(1, 4)
        function = lambda x, scale, shift, mean, variance: (x - mean) / torch.sqrt(variance + epsilon) * scale + shift
        add(kind, {"epsilon": epsilon}, function, x=numbers(n, h, w, c), scale=numbers(c), shift=numbers(c), mean=numbers(c), variance=numbers(c, positive=True))
    elif kind == "layerNorm":
        c = random.randint(2, 6)
        function = lambda x, scale, shift: F.layer_norm(x, [c], scale, shift, epsilon)
        add(kind, {"epsilon": epsilon}, function, x=numbers(n, h, c), scale=numbers(c), shift=numbers(c))
    elif kind == "groupNorm":
        groups = random.randint(1, 3)
        c = groups * random.randint(1, 2)
        function = lambda x, scale, shift: last(F.group_norm(first(x), groups, scale, shift, epsilon))
        add(kind, {"epsilon": epsilon, "groups": groups}, function, x=numbers(n, h, w, c), scale=numbers(c), shift=numbers(c))
    else:
        c = random.randint(3, 8)
        options = {"size": random.randint(1, 5), "alpha": pick([1e-4, 0.5]), "beta": pick([0.75, 0.5]), "k": pick([1, 2])}
        function = lambda x: last(F.local_response_norm(first(x), options["size"], options["alpha"], options["beta"], options["k"]))
        add(kind, options, function, x=numbers(n, h, w, c))


for _ in range(50):
    convolution(1)
for _ in range(80):
    convolution(2)
for _ in range(20):
    convolution(2, depthwise=True)
for _ in range(20):
    transposed(1)
for _ in range(40):
    transposed(2)
for kind in ["maxPool", "averagePool", "lpPool"]:
    for _ in range(10):
        pooling(kind, 1)
    for _ in range(20):
        pooling(kind, 2)
for kind in ["batchNorm", "batchNormInference", "layerNorm", "groupNorm", "localResponseNorm"]:
    for _ in range(10):
        normalization(kind)



def padding():
    shape = [random.randint(1, 2), random.randint(3, 5), random.randint(3, 5), random.randint(1, 2)]
    sizes = [[random.randint(0, 2), random.randint(0, 2)] for _ in range(2)]
    flat = [p for pair in reversed(sizes) for p in pair]
    mode = pick(["constant", "reflect", "replicate", "wrap"])
    options = {"mode": mode}
    value = 0
    if mode == "constant":
        value = options["value"] = pick([0, 1.5, -3])
    function = lambda x: last(F.pad(first(x), flat, "circular" if mode == "wrap" else mode, value))
    add("pad", {"amounts": [[0, 0], *sizes, [0, 0]], "options": options}, function, x=numbers(*shape))


def ceiled(kind, rank):
    size = [random.randint(2, 3) for _ in range(rank)]
    stride = [random.randint(2, 4) for _ in range(rank)]
    padding = random.randint(0, 1)
    shape = [random.randint(1, 2), *[random.randint(5, 8) for _ in range(rank)], random.randint(1, 2)]
    flat = lambda pair: pair[0] if rank == 1 else pair
    options = {"kernelSize": flat(size), "stride": flat(stride), "padding": padding, "geometry": "ceil"}
    if kind == "maxPool":
        pool = F.max_pool1d if rank == 1 else F.max_pool2d
        function = lambda x: last(pool(first(x), size, stride, padding, ceil_mode=True))
    else:
        counts = options["countPadding"] = pick([True, False])
        pool = F.avg_pool1d if rank == 1 else F.avg_pool2d
        function = lambda x: last(pool(first(x), size, stride, padding, True, counts))
    add(f"{kind}{rank}d", options, function, x=numbers(*shape))


def resized():
    mode = pick(["nearest", "bilinear", "bilinear", "bicubic", "bicubic"])
    aligned = pick([True, False]) if mode != "nearest" else None
    shape = [random.randint(1, 2), random.randint(1, 6), random.randint(1, 6), random.randint(1, 3)]
    height, width = random.randint(1, 8), random.randint(1, 8)
    options = {"height": height, "width": width, "mode": mode, "alignCorners": bool(aligned)}
    function = lambda x: last(F.interpolate(first(x), (height, width), mode=mode, align_corners=aligned))
    add("resize", options, function, x=numbers(*shape))


def repeated():
    shape = [random.randint(1, 4) for _ in range(random.randint(1, 3))]
    repeats = [random.randint(1, 3) for _ in shape]
    add("tile", {"repeats": repeats}, lambda x: torch.tile(x, repeats), x=numbers(*shape))


def cumulated():
    shape = [random.randint(1, 9) for _ in range(random.randint(1, 3))]
    axis = random.randrange(-len(shape), len(shape))
    add("cumsum", {"axis": axis}, lambda x: torch.cumsum(x, axis), x=numbers(*shape))


def convolution3d():
    window = [random.randint(1, 3) for _ in range(3)]
    stride, dilation, padding = geometry(3, window)
    groups = pick([1, 1, 2])
    c, f = random.randint(1, 2), random.randint(1, 2)
    size = [random.randint(4, 6) for _ in range(3)]
    pads = [sides(padding if isinstance(padding, (int, str)) else padding[i], size[i], window[i], stride[i], dilation[i]) for i in range(3)]
    if any(s + sum(p) < (k - 1) * d + 1 for s, p, k, d in zip(size, pads, window, dilation)):
        return convolution3d()
    flat = [p for pair in reversed(pads) for p in pair]

    def function(x, filters):
        weights = filters.permute(4, 3, 0, 1, 2).contiguous()
        return last(F.conv3d(F.pad(first(x), flat), weights, None, stride, 0, dilation, groups))

    options = {"stride": stride, "dilation": dilation, "padding": padding, "groups": groups}
    add("conv3d", options, function, x=numbers(1, *size, c * groups), filters=numbers(*window, c, f * groups))


def pooling3d(kind):
    size = [random.randint(2, 3) for _ in range(3)]
    stride = [random.randint(1, 3) for _ in range(3)]
    padding = [random.randint(0, 1) for _ in range(3)]
    ceil = pick([True, False])
    options = {"kernelSize": size, "stride": stride, "padding": padding, "geometry": "ceil" if ceil else "floor"}
    if kind == "maxPool":
        function = lambda x: last(F.max_pool3d(first(x), size, stride, padding, ceil_mode=ceil))
    else:
        counts = options["countPadding"] = pick([True, False])
        function = lambda x: last(F.avg_pool3d(first(x), size, stride, padding, ceil, counts))
    add(f"{kind}3d", options, function, x=numbers(random.randint(1, 2), *[random.randint(4, 6) for _ in range(3)], random.randint(1, 2)))


for _ in range(16):
    padding()
for _ in range(8):
    repeated()
    cumulated()
for kind in ["maxPool", "averagePool"]:
    for rank in [1, 2]:
        for _ in range(6 * rank):
            ceiled(kind, rank)
for _ in range(16):
    convolution3d()
for _ in range(40):
    resized()
for kind in ["maxPool", "averagePool"]:
    for _ in range(10):
        pooling3d(kind)

path = pathlib.Path(__file__).with_name("grid.json")
path.write_text(json.dumps({"torch": torch.__version__, "cases": cases}, separators=(",", ":")))
print(f"{len(cases)} cases, {path.stat().st_size} bytes")
