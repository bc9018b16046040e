"""Golden values of PyTorch for layers (forward and the gradients of a sum of squares) and for the outputs of whole models.

Run: /usr/bin/python3 tools/golden/layers.py   (Debian's python3-torch; writes layers.json beside this file)

Everything is in the layouts of Convlens (activations [n, h, w, c], filters [kh, kw, c / groups, f]) and computed in float64. All
numbers of inputs and variables come from `numbers`, which packages/layers/test/golden.test.ts has, too, so that the file holds
outputs only. A model takes its variables in the order in which Convlens lists them.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

first = lambda x: x.movedim(-1, 1).contiguous()  # channels first
last = lambda x: x.movedim(1, -1)


def numbers(index, *shape):
    """Numbers from -1 to 1 that look random."""
    j = torch.arange(math.prod(shape), dtype=torch.int64)
    return (((j * 7919 + index * 104729) % 2003 - 1001) / 1001).to(torch.float64).reshape(shape)


def variable(index, name, shape):
    u = numbers(index, *shape)
    if name in ("filters", "weights"):
        return u * math.sqrt(6 * shape[-1] / math.prod(shape))
    if name in ("scale", "variance"):
        return 1 + u / 2
    return u / 4


class Variables:
    """Makes variables in order."""

    def __init__(self):
        self.all = {}

    def __call__(self, name, *shape):
        made = variable(len(self.all) + 1, name, shape).requires_grad_(True)
        self.all[f"{len(self.all)} {name}"] = made
        return made


def swapped(filters):
    """Filters [k…, c, f] as PyTorch has them: [f, c, k…]."""
    rank = filters.ndim - 2
    return filters.permute(rank + 1, rank, *range(rank)).contiguous()


def same(x, kernel, stride):
    """Pads a convolution so that its output has ceil(size / stride) elements."""
    flat = []
    for size in reversed(x.shape[2:]):
        total = max(0, (math.ceil(size / stride) - 1) * stride + kernel - size)
        flat += [total // 2, total - total // 2]
    return F.pad(x, flat)


def conv(v, x, filters, kernel, stride=1, padding="same", bias=True, groups=1):
    rank = x.ndim - 2
    weights = swapped(v("filters", *[kernel] * rank, x.shape[1] // groups, filters))
    b = v("bias", filters) if bias else None
    if padding == "same":
        x, padding = same(x, kernel, stride), 0
    return (F.conv1d if rank == 1 else F.conv2d)(x, weights, b, stride, padding, 1, groups)


def transposed(v, x, filters, kernel, stride=1, padding=0, bias=True, cut=False):
    rank = x.ndim - 2
    weights = swapped(v("filters", *[kernel] * rank, filters, x.shape[1]))
    b = v("bias", filters) if bias else None
    y = (F.conv_transpose1d if rank == 1 else F.conv_transpose2d)(x, weights, b, stride, padding)
    if cut:  # "same" padding where the kernel is one larger than the stride
        for axis in range(rank):
            y = y.narrow(2 + axis, 0, x.shape[2 + axis] * stride)
    return y


def norm(v, x):
    c = x.shape[1]
    scale, shift, mean, variance = (v(name, c).detach() for name in ("scale", "shift", "mean", "variance"))
    return F.batch_norm(x, mean, variance, scale, shift, False, 0, 1e-5)


def dense(v, x, units):
    weights = v("weights", x.shape[1], units)
    return x @ weights + v("bias", units)


relu = F.relu
mean = lambda x: x.mean(dim=tuple(range(2, x.ndim)))

# ---------------------------------------------------------------------------------------------------------------- layers

IMAGE, SIGNAL = (2, 5, 6, 4), (2, 7, 4)
layers = []


def layer(name, options, function, shape=IMAGE):
    """A layer as a function of variables and of an input with channels last."""
    v = Variables()
    # Larger than 3, so that activations are tried beyond their kinks.
    x = (numbers(0, *shape) * 4).requires_grad_(True)
    y = function(v, x)
    inputs = [x, *v.all.values()]
    gradients = torch.autograd.grad((y * y).sum(), inputs, allow_unused=True)
    layers.append({
        "layer": name,
        "options": options,
        "input": list(shape),
        "shape": list(y.shape),
        "y": y.flatten().tolist(),
        "gradients": [g.flatten().tolist() for g in gradients if g is not None],
    })


channels = lambda function: lambda v, x: last(function(v, first(x)))

for mode in ("nearest", "bilinear"):
    layer("Resize", {"height": 7, "width": 4, "mode": mode}, channels(lambda v, x: F.interpolate(x, size=(7, 4), mode=mode)))
    layer("Upsample", {"factor": [2, 3], "mode": mode}, channels(lambda v, x: F.interpolate(x, scale_factor=(2, 3), mode=mode)))
    line = "linear" if mode == "bilinear" else mode
    layer("Upsample", {"factor": 3, "mode": mode}, channels(lambda v, x: F.interpolate(x, scale_factor=3, mode=line)), SIGNAL)
layer("Resize", {"height": 9, "width": 4, "mode": "bicubic"}, channels(lambda v, x: F.interpolate(x, size=(9, 4), mode="bicubic")))
layer("Upsample", {"factor": [2, 3], "mode": "bicubic", "alignCorners": True}, channels(lambda v, x: F.interpolate(x, scale_factor=(2, 3), mode="bicubic", align_corners=True)))
layer("Upsample", {"factor": 2, "mode": "bilinear", "alignCorners": True}, channels(lambda v, x: F.interpolate(x, scale_factor=2, mode="linear", align_corners=True)), SIGNAL)
layer("ZeroPad", {"padding": [[1, 0], [2, 3]]}, channels(lambda v, x: F.pad(x, (2, 3, 1, 0))))
layer("ZeroPad", {"padding": [1, 2]}, channels(lambda v, x: F.pad(x, (1, 2))), SIGNAL)
layer("Crop", {"cropping": [[1, 0], [2, 3]]}, channels(lambda v, x: F.pad(x, (-2, -3, -1, 0))))
layer("Reshape", {"shape": [8, -1]}, lambda v, x: x.reshape(2, 8, -1))
layer("Permute", {"order": [0, 3, 1, 2]}, lambda v, x: x.permute(0, 3, 1, 2))
VOLUME = (2, 3, 4, 5, 2)


def conv3d(v, x):
    weights, b = swapped(v("filters", 2, 3, 1, 2, 3)), v("bias", 3)
    return F.conv3d(x, weights, b, (1, 1, 2), (0, 1, 0))


layer("Conv3d", {"filters": 3, "kernelSize": [2, 3, 1], "stride": [1, 1, 2], "padding": [0, 1, 0]}, channels(conv3d), VOLUME)
layer("MaxPool3d", {"kernelSize": [2, 2, 3], "stride": [1, 2, 1]}, channels(lambda v, x: F.max_pool3d(x, (2, 2, 3), (1, 2, 1))), VOLUME)
layer("AveragePool3d", {"kernelSize": 2, "padding": 1, "countPadding": False}, channels(lambda v, x: F.avg_pool3d(x, 2, padding=1, count_include_pad=False)), VOLUME)
layer("PReLU", {}, channels(lambda v, x: F.prelu(x, v("negativeSlope", 4))))
layer("PReLU", {"shared": True}, channels(lambda v, x: F.prelu(x, v("negativeSlope", 1))))
layer("ReLU6", {}, lambda v, x: F.relu6(x))
layer("HardSwish", {}, lambda v, x: F.hardswish(x))
# hardsigmoid of PyTorch multiplies by a sixth in float32.
layer("HardSigmoid", {}, lambda v, x: F.relu6(x + 3) / 6)
layer("GlobalAveragePool", {"keepAxes": True}, channels(lambda v, x: F.adaptive_avg_pool2d(x, 1)))
layer("GlobalMaxPool", {"keepAxes": True}, channels(lambda v, x: F.adaptive_max_pool1d(x, 1)), SIGNAL)
layer("FrozenBatchNorm", {}, channels(norm))
layer("ConvTranspose1d", {"filters": 3, "kernelSize": 4, "stride": 2, "padding": 1}, channels(lambda v, x: transposed(v, x, 3, 4, 2, 1)), SIGNAL)
layer("ConvTranspose1d", {"filters": 3, "kernelSize": 3, "stride": 2, "padding": "same"}, channels(lambda v, x: transposed(v, x, 3, 3, 2, cut=True)), SIGNAL)


def separable(v, x):
    return conv(v, conv(v, x, 8, 3, 2, 1, bias=False, groups=4), 5, 1)


layer("SeparableConv2d", {"filters": 5, "kernelSize": 3, "stride": 2, "padding": 1, "multiplier": 2}, channels(separable))

# ---------------------------------------------------------------------------------------------------------------- models

models = []


def model(name, options, shape, function, part=None):
    with torch.no_grad():
        v = Variables()
        x = numbers(0, 2, *shape)
        y = function(v, first(x) if len(shape) > 1 else x)
        y = last(y) if y.ndim > 2 else y
    models.append({
        "model": name,
        **({"part": part} if part else {}),
        "options": options,
        "input": [2, *shape],
        "variables": [list(t.shape) for t in v.all.values()],
        "shape": list(y.shape),
        "y": y.flatten().tolist(),
    })


def normed(v, x, filters, kernel, stride=1, padding=None):
    return norm(v, conv(v, x, filters, kernel, stride, kernel // 2 if padding is None else padding, bias=False))


def residual(v, x, body, shortcut):
    y = body(x)
    return relu(y + shortcut(x))


def resnet50(v, x, classes, width):
    x = F.max_pool2d(relu(normed(v, x, 64, 7, 2)), 3, 2, 1)
    for stage, count in enumerate([3, 4, 6, 3]):
        filters = 256 * 2**stage
        narrow = round(filters / 4 * width)
        for i in range(count):
            stride = 2 if i == 0 and stage > 0 else 1
            body = lambda x: normed(v, relu(normed(v, relu(normed(v, x, narrow, 1)), narrow, 3, stride)), filters, 1)
            x = residual(v, x, body, (lambda x: normed(v, x, filters, 1, stride)) if i == 0 else (lambda x: x))
    return dense(v, mean(x), classes)


def mobile(v, x, classes, width):
    def eights(count):
        rounded = max(8, int(count + 4) // 8 * 8)
        return rounded + 8 if rounded < 0.9 * count else rounded

    x = F.relu6(normed(v, x, eights(32 * width), 3, 2))
    for expansion, count, repeats, first_stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for i in range(repeats):
            stride = first_stride if i == 0 else 1
            inside = x.shape[1] * expansion
            y = x if expansion == 1 else F.relu6(normed(v, x, inside, 1))
            y = F.relu6(norm(v, conv(v, y, inside, 3, stride, 1, bias=False, groups=inside)))
            y = normed(v, y, eights(count * width), 1)
            x = x + y if stride == 1 and x.shape == y.shape else y
    x = F.relu6(normed(v, x, eights(1280 * max(1, width)), 1))
    return dense(v, mean(x), classes)


def squeeze(v, x, classes, version):
    def fire(x, squeezed, expanded):
        x = relu(conv(v, x, squeezed, 1))
        return torch.cat([relu(conv(v, x, expanded, 1)), relu(conv(v, x, expanded, 3))], 1)

    pool = lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True)
    # As torchvision lists them; 0 is a pooling.
    plan = [0, 16, 16, 32, 0, 32, 48, 48, 64, 0, 64] if version == "1.0" else [0, 16, 16, 0, 32, 32, 0, 48, 48, 64, 64]
    x = relu(conv(v, x, 96, 7, 2, 0)) if version == "1.0" else relu(conv(v, x, 64, 3, 2, 0))
    for squeezed in plan:
        x = pool(x) if squeezed == 0 else fire(x, squeezed, 4 * squeezed)
    return mean(relu(conv(v, x, classes, 1)))


def unet(v, x, classes, filters, depth):
    double = lambda x, f: relu(normed(v, relu(normed(v, x, f, 3)), f, 3))

    def level(x, f, depth):
        x = double(x, f)
        if depth == 0:
            return x
        return double(torch.cat([x, transposed(v, level(F.max_pool2d(x, 2), 2 * f, depth - 1), f, 2, 2)], 1), f)

    return conv(v, level(x, filters, depth), classes, 1)


def autoencoder(v, x):
    x = relu(conv(v, relu(conv(v, x, 4, 3, 2)), 8, 3, 2))
    x = dense(v, last(x).flatten(1), 6)
    x = first(relu(dense(v, x, 3 * 4 * 8)).reshape(-1, 3, 4, 8))
    return transposed(v, relu(transposed(v, x, 4, 3, 2, cut=True)), 2, 3, 2, cut=True)


def generator(v, x):
    x = relu(norm(v, transposed(v, x.reshape(-1, 6, 1, 1), 8, 4, bias=False)))
    x = relu(norm(v, transposed(v, x, 4, 4, 2, 1, bias=False)))
    return torch.tanh(transposed(v, x, 2, 4, 2, 1, bias=False))


def discriminator(v, x):
    leaky = lambda x: F.leaky_relu(x, 0.2)
    x = leaky(conv(v, x, 4, 4, 2, 1, bias=False))
    x = leaky(norm(v, conv(v, x, 8, 4, 2, 1, bias=False)))
    return conv(v, x, 1, 4, 1, 0, bias=False).flatten(1)


def resnet1d(v, x):
    for filters, grows in [(4, True), (8, True), (8, False)]:
        body = lambda x: normed(v, relu(normed(v, relu(normed(v, x, filters, 8, 1, "same")), filters, 5)), filters, 3)
        x = residual(v, x, body, lambda x: normed(v, x, filters, 1) if grows else norm(v, x))
    return dense(v, mean(x), 3)


model("resnet50", {"classes": 3, "width": 0.125}, (24, 20, 2), lambda v, x: resnet50(v, x, 3, 0.125))
model("mobileNetV2", {"classes": 3, "width": 0.25}, (33, 40, 2), lambda v, x: mobile(v, x, 3, 0.25))
model("squeezeNet", {"classes": 3}, (30, 37, 2), lambda v, x: squeeze(v, x, 3, "1.1"))
model("squeezeNet", {"classes": 3, "version": "1.0"}, (40, 38, 2), lambda v, x: squeeze(v, x, 3, "1.0"))
model("unet", {"classes": 3, "filters": 4, "depth": 2}, (12, 8, 2), lambda v, x: unet(v, x, 3, 4, 2))
model("autoencoder", {"shape": [12, 16, 2], "filters": 4, "code": 6}, (12, 16, 2), autoencoder)
model("dcgan", {"size": 16, "channels": 2, "filters": 4, "latent": 6}, (6,), generator, "generator")
model("dcgan", {"size": 16, "channels": 2, "filters": 4, "latent": 6}, (16, 16, 2), discriminator, "discriminator")
model("resnet1d", {"classes": 3, "filters": 4}, (21, 2), resnet1d)

path = pathlib.Path(__file__).with_name("layers.json")
rounded = lambda x: float(f"{x:.12g}") if isinstance(x, float) else [rounded(y) for y in x] if isinstance(x, list) else {k: rounded(y) for k, y in x.items()} if isinstance(x, dict) else x
path.write_text(json.dumps(rounded({"torch": torch.__version__, "layers": layers, "models": models}), separators=(",", ":")))
print(f"{len(layers)} layers, {len(models)} models, {path.stat().st_size} bytes")
