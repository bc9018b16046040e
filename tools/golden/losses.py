"""Golden values of PyTorch's losses: value by reduction and gradient of the mean, in float64. Channels are last, as in Convlens.

Losses that PyTorch 1.13 lacks are their formulas, with gradients from autograd.

Run: /usr/bin/python3 tools/golden/losses.py   (writes losses.json beside this file)
"""
import json
import pathlib

import torch
import torch.nn.functional as F

cases = []


def numbers(*shape, seed, scale=2.0):
    generator = torch.Generator().manual_seed(seed)
    # Few digits, so that the file is small and ties occur.
    return (torch.randn(*shape, generator=generator, dtype=torch.float64) * scale * 4).round() / 4


def case(loss, options, outputs, targets, compute):
    """`compute(outputs, targets, reduction)` is the loss of a list of outputs."""
    leaves = [x.clone().requires_grad_(True) for x in outputs]
    values = {reduction: compute(leaves, targets, reduction) for reduction in ("mean", "sum", "none")}
    gradients = torch.autograd.grad(values["mean"], leaves)
    cases.append({
        "loss": loss,
        "options": options,
        "outputs": [x.tolist() for x in outputs],
        "targets": targets.tolist(),
        **{name: value.tolist() for name, value in values.items()},
        "gradients": [x.tolist() for x in gradients],
    })


def reduced(each, reduction):
    return {"mean": each.mean, "sum": each.sum, "none": lambda: each}[reduction]()


# Cross-entropy of labels, of maps of labels, and of probabilities.
logits, labels = numbers(6, 4, seed=1), torch.tensor([0, 3, 2, 1, 3, 0])
weights = torch.tensor([0.25, 1.0, 2.0, 0.5], dtype=torch.float64)
for smoothing in (0, 0.1):
    for weighted in (False, True):
        for ignored in (None, 3):
            options = {
                **({"smoothing": smoothing} if smoothing else {}),
                **({"classWeights": weights.tolist()} if weighted else {}),
                **({"ignoreLabel": ignored} if ignored is not None else {}),
            }
            case("crossEntropy", options, [logits], labels, lambda x, t, reduction: F.cross_entropy(
                x[0], t, weights if weighted else None, ignore_index=-100 if ignored is None else ignored,
                label_smoothing=smoothing, reduction=reduction))
maps, map_labels = numbers(2, 2, 3, 4, seed=2), torch.tensor([[[0, 1, 2], [255, 3, 1]], [[255, 255, 0], [2, 2, 3]]])
case("crossEntropy", {"ignoreLabel": 255, "classWeights": weights.tolist()}, [maps], map_labels, lambda x, t, reduction: F.cross_entropy(
    x[0].permute(0, 3, 1, 2), t, weights, ignore_index=255, reduction=reduction))
probabilities = torch.softmax(numbers(6, 4, seed=3), -1)
for options, arguments in (({}, {}), ({"smoothing": 0.2}, {"label_smoothing": 0.2}), ({"classWeights": weights.tolist()}, {"weight": weights})):
    case("crossEntropy", options, [logits], probabilities, lambda x, t, reduction: F.cross_entropy(x[0], t, reduction=reduction, **arguments))

# Several labels at once.
many, truth = numbers(5, 3, seed=4), (numbers(5, 3, seed=5) > 0).double()
case("binaryCrossEntropy", {}, [many], truth, lambda x, t, reduction: F.binary_cross_entropy_with_logits(x[0], t, reduction=reduction))
case("binaryCrossEntropy", {"positiveWeight": 3}, [many], truth, lambda x, t, reduction: F.binary_cross_entropy_with_logits(
    x[0], t, pos_weight=torch.tensor([3.0], dtype=torch.float64), reduction=reduction))
case("binaryCrossEntropy", {"positiveWeight": [3, 0.5, 1]}, [many], truth, lambda x, t, reduction: F.binary_cross_entropy_with_logits(
    x[0], t, pos_weight=torch.tensor([3.0, 0.5, 1.0], dtype=torch.float64), reduction=reduction))

# Numbers, some of them equal and some just at a bound.
a, b = numbers(4, 3, seed=6), numbers(4, 3, seed=7)
b[0] = a[0]
b[1] = a[1] + torch.tensor([1.0, -1.0, 2.0])
case("meanSquaredError", {}, [a], b, lambda x, t, reduction: F.mse_loss(x[0], t, reduction=reduction))
case("meanAbsoluteError", {}, [a], b, lambda x, t, reduction: F.l1_loss(x[0], t, reduction=reduction))
for delta in (1, 2):
    case("huber", {"delta": delta}, [a], b, lambda x, t, reduction: F.huber_loss(x[0], t, delta=delta, reduction=reduction))

# PyTorch divides by the number of classes. Scores differ by the margin in places.
scores = numbers(6, 4, seed=8)
for margin in (1, 0.5):
    case("hinge", {"margin": margin}, [scores], labels, lambda x, t, reduction: 4 * F.multi_margin_loss(x[0], t, margin=margin, reduction=reduction))


def sigmoid_focal(x, t, gamma, alpha, reduction):
    """As torchvision.ops.sigmoid_focal_loss."""
    p = torch.sigmoid(x)
    loss = F.binary_cross_entropy_with_logits(x, t, reduction="none") * (1 - (p * t + (1 - p) * (1 - t))) ** gamma
    return reduced(loss if alpha is None else (alpha * t + (1 - alpha) * (1 - t)) * loss, reduction)


for options in ({}, {"gamma": 1.5, "alpha": 0.25}, {"gamma": 0}):
    case("focal", options, [many], truth, lambda x, t, reduction: sigmoid_focal(x[0], t, options.get("gamma", 2), options.get("alpha"), reduction))


def softmax_focal(x, t, gamma, reduction):
    logp = torch.log_softmax(x, -1).gather(-1, t[:, None])[:, 0]
    return reduced(-((1 - logp.exp()) ** gamma) * logp, reduction)


for options in ({}, {"gamma": 0.5}):
    case("focal", options, [logits], labels, lambda x, t, reduction: softmax_focal(x[0], t, options.get("gamma", 2), reduction))


def dice(p, t, smooth, reduction):
    """Of rows [n, pixels, masks]."""
    return reduced(1 - (2 * (p * t).sum(1) + smooth) / (p.sum(1) + t.sum(1) + smooth), reduction)


masks, mask_truth = numbers(2, 3, 3, 2, seed=9), (numbers(2, 3, 3, 2, seed=10) > 0).double()
for smooth in (1, 0.01):
    case("diceLoss", {"smooth": smooth}, [masks], mask_truth, lambda x, t, reduction: dice(
        torch.sigmoid(x[0]).reshape(2, 9, 2), t.reshape(2, 9, 2), smooth, reduction))
whole_labels = map_labels.clamp(max=3)
case("diceLoss", {}, [maps], whole_labels, lambda x, t, reduction: dice(
    torch.softmax(x[0], -1).reshape(2, 6, 4), F.one_hot(t, 4).double().reshape(2, 6, 4), 1, reduction))
known = (map_labels != 255).double().reshape(2, 6, 1)
case("diceLoss", {"ignoreLabel": 255}, [maps], map_labels, lambda x, t, reduction: dice(
    torch.softmax(x[0], -1).reshape(2, 6, 4) * known, F.one_hot(t % 255, 4).double().reshape(2, 6, 4) * known, 1, reduction))

images = numbers(2, 3, 4, 2, seed=11)
images[0, :2] = 1
case("totalVariation", {}, [images], torch.zeros(2), lambda x, t, reduction: reduced(
    (x[0][:, 1:] - x[0][:, :-1]).abs().sum((1, 2, 3)) + (x[0][:, :, 1:] - x[0][:, :, :-1]).abs().sum((1, 2, 3)), reduction))

embeddings = [numbers(5, 3, seed=seed, scale=0.5) for seed in (12, 13, 14)]
for margin in (1, 2.5):
    case("triplet", {"margin": margin}, embeddings, torch.zeros(5), lambda x, t, reduction: F.triplet_margin_loss(
        x[0], x[1], x[2], margin=margin, eps=0, reduction=reduction))
together = torch.tensor([1, 0, 1, 0, 0], dtype=torch.float64)


def contrastive(x, t, margin, reduction):
    d = (x[0] - x[1]).norm(dim=-1)
    return reduced((t * d**2 + (1 - t) * (margin - d).clamp(min=0) ** 2) / 2, reduction)


for margin in (1, 2.5):
    case("contrastive", {"margin": margin}, embeddings[:2], together, lambda x, t, reduction: contrastive(x, t, margin, reduction))
case("cosineSimilarityLoss", {}, [a], numbers(4, 3, seed=15), lambda x, t, reduction: F.cosine_embedding_loss(
    x[0], t, torch.ones(4), reduction=reduction))

text = json.dumps({"torch": torch.__version__, "cases": cases}, separators=(",", ":"))
pathlib.Path(__file__).with_name("losses.json").write_text(text)
print(len(cases), "cases,", len(text), "characters")
