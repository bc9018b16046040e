"""Golden values of training: the loss of each of the first steps of twelve tasks, in float64. Channels are last, as in Convlens.

Parameter k of a model, in the order of its fields, has the numbers 0.3 sin(1.3 i + 0.7 k + 0.2) for i = 0, 1, …; batch b has the
inputs sin(0.37 i + b). Two batches take turns. Losses are those before each update by Adam.

Run: /usr/bin/python3 tools/golden/tasks.py   (writes tasks.json beside this file)
"""
import json
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
STEPS = 5
tasks = {}


def count(shape):
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float64).reshape(shape)


def parameter(k, shape):
    return (0.3 * torch.sin(1.3 * count(shape) + 0.7 * k + 0.2)).requires_grad_(True)


def inputs(batch, *shape):
    return torch.sin(0.37 * count(shape) + batch)


def labels(batch, classes, *shape):
    return ((7 * count(shape) + 3 + batch) % 11 % classes).long()


def conv(x, w, b):
    """Padding "same"; filters are [height, width, channels, filters], of signals without the height."""
    if w.dim() == 3:
        return F.conv1d(x.permute(0, 2, 1), w.permute(2, 1, 0).contiguous(), b, padding=w.shape[0] // 2).permute(0, 2, 1)
    return F.conv2d(x.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1).contiguous(), b, padding=w.shape[0] // 2).permute(0, 2, 3, 1)


def enlarge(x, w, b):
    """A transposed convolution with stride 2."""
    return F.conv_transpose2d(x.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1).contiguous(), b, stride=2).permute(0, 2, 3, 1)


def pool(x):
    if x.dim() == 3:
        return F.max_pool1d(x.permute(0, 2, 1), 2).permute(0, 2, 1)
    return F.max_pool2d(x.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)


def dense(x, w, b):
    return x @ w + b


def task(name, shapes, loss, rate=0.02):
    """`loss(parameters, batch)` is the loss of batch 0 or 1."""
    p = [parameter(k, shape) for k, shape in enumerate(shapes)]
    optimizer = torch.optim.Adam(p, lr=rate)
    losses = []
    for step in range(STEPS):
        value = loss(p, step % 2)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    with torch.no_grad():
        tasks[name] = {"losses": losses, "sum": sum((x.abs().sum().item() for x in p))}


def regression(p, b):
    x = pool(torch.relu(conv(inputs(b, 4, 6, 6, 1), p[0], p[1])))
    return F.mse_loss(dense(x.reshape(4, -1), p[2], p[3]), inputs(b + 2, 4, 2))


task("regression", [(3, 3, 1, 3), (3,), (27, 2), (2,)], regression)


def segmentation(p, b):
    x = torch.relu(conv(inputs(b, 2, 6, 6, 2), p[0], p[1]))
    y = enlarge(torch.relu(conv(pool(x), p[2], p[3])), p[4], p[5])
    z = conv(torch.cat([x, y], -1), p[6], p[7])
    t = labels(b, 4, 2, 6, 6)
    return F.cross_entropy(z.permute(0, 3, 1, 2), torch.where(t == 3, 255, t), ignore_index=255)


task("segmentation", [(3, 3, 2, 3), (3,), (3, 3, 3, 4), (4,), (2, 2, 3, 4), (3,), (1, 1, 6, 3), (3,)], segmentation)


def denoising(p, b):
    x = inputs(b, 2, 8, 8, 1)
    return F.mse_loss(conv(torch.relu(conv(x + 0.3 * inputs(b + 2, 2, 8, 8, 1), p[0], p[1])), p[2], p[3]), x)


task("denoising", [(5, 5, 1, 3), (3,), (5, 5, 3, 1), (1,)], denoising)


def super_resolution(p, b):
    x = torch.relu(conv(inputs(b, 2, 4, 4, 1), p[0], p[1]))
    y = F.interpolate(x.permute(0, 3, 1, 2), scale_factor=2, mode="nearest").permute(0, 2, 3, 1)
    return F.l1_loss(conv(y, p[2], p[3]), inputs(b + 2, 2, 8, 8, 1))


task("super-resolution", [(3, 3, 1, 3), (3,), (3, 3, 3, 1), (1,)], super_resolution)


def detection(p, b):
    x = pool(torch.relu(conv(inputs(b, 4, 6, 6, 1), p[0], p[1])))
    return F.huber_loss(dense(torch.relu(dense(x.reshape(4, -1), p[2], p[3])), p[4], p[5]), inputs(b + 2, 4, 4), delta=0.5)


task("detection", [(3, 3, 1, 3), (3,), (27, 5), (5,), (5, 4), (4,)], detection)


def multi_label(p, b):
    x = torch.relu(conv(inputs(b, 4, 6, 6, 1), p[0], p[1])).amax((1, 2))
    return F.binary_cross_entropy_with_logits(dense(x, p[2], p[3]), labels(b, 2, 4, 3).double())


task("multi-label", [(3, 3, 1, 4), (4,), (4, 3), (3,)], multi_label)


def tones(p, b):
    x = pool(torch.relu(conv(inputs(b, 4, 16, 1), p[0], p[1]))).amax(1)
    return F.cross_entropy(dense(x, p[2], p[3]), labels(b, 2, 4))


task("tones", [(9, 1, 4), (4,), (4, 2), (2,)], tones)


def siamese(p, b):
    def encode(x):
        # Without a bias, which would cancel out: Adam would divide rounding by rounding.
        return pool(torch.relu(conv(x, p[0], p[1]))).reshape(4, -1) @ p[2]

    d = (encode(inputs(b, 4, 6, 6, 1)) - encode(inputs(b + 2, 4, 6, 6, 1))).norm(dim=-1)
    t = labels(b, 2, 4).double()
    return ((t * d**2 + (1 - t) * (1.5 - d).clamp(min=0) ** 2) / 2).mean()


task("siamese", [(3, 3, 1, 3), (3,), (27, 3)], siamese)


def two_inputs(p, b):
    x = dense(torch.relu(dense(inputs(b, 4, 9), p[0], p[1])), p[2], p[3])
    y = dense(torch.relu(x + dense(inputs(b + 2, 4, 3), p[4], p[5])), p[6], p[7])
    weight = torch.tensor([1.0, 2.0, 0.5, 3.0])
    each = F.binary_cross_entropy_with_logits(y[:, 0], labels(b, 2, 4).double(), reduction="none")
    return (weight * each).sum() / weight.sum()


task("two inputs", [(9, 4), (4,), (4, 4), (4,), (3, 4), (4,), (4, 1), (1,)], two_inputs)


def imbalance(p, b):
    x = dense(torch.relu(dense(inputs(b, 6, 2), p[0], p[1])), p[2], p[3])
    return F.cross_entropy(x, labels(b, 2, 6), weight=torch.tensor([1.0, 19.0]))


task("imbalance", [(2, 5), (5,), (5, 2), (2,)], imbalance)


def stream(p, b):
    return F.mse_loss(dense(torch.relu(dense(inputs(b, 5, 1), p[0], p[1])), p[2], p[3]), inputs(b + 2, 5, 1))


task("stream", [(1, 6), (6,), (6, 1), (1,)], stream)

# A generator and a critic with an optimizer each. The generator is judged by the critic as it was.
p = [parameter(k, shape) for k, shape in enumerate([(3, 5), (5,), (5, 9), (9,)])]
q = [parameter(k, shape) for k, shape in enumerate([(9, 4), (4,), (4, 1), (1,)])]
both = [torch.optim.Adam(of, lr=0.02, betas=(0.5, 0.999)) for of in (p, q)]


def judged(x, truth):
    y = dense(F.leaky_relu(dense(x, q[0], q[1]), 0.2), q[2], q[3])
    return F.binary_cross_entropy_with_logits(y, torch.full((4, 1), truth))


losses = []
for step in range(STEPS):
    made = torch.sigmoid(dense(torch.relu(dense(inputs(step % 2, 4, 3), p[0], p[1])), p[2], p[3]))
    of_critic = judged(inputs(step % 2 + 2, 4, 9), 1.0) + judged(made, 0.0)
    of_generator = judged(made, 1.0)
    for of, value, optimizer in ((q, of_critic, both[1]), (p, of_generator, both[0])):
        for x, gradient in zip(of, torch.autograd.grad(value, of, retain_graph=True)):
            x.grad = gradient
    for optimizer in both:
        optimizer.step()
    losses += [of_critic.item(), of_generator.item()]
tasks["gan"] = {"losses": losses, "sum": sum(x.abs().sum().item() for x in p + q)}

text = json.dumps({"torch": torch.__version__, "tasks": tasks}, indent=1)
pathlib.Path(__file__).with_name("tasks.json").write_text(text + "\n")
print(len(tasks), "tasks")
