"""Values of ONNX operators that have no case in Debian's test data of ONNX, by PyTorch or by the formula in the specification.

Run: /usr/bin/python3 tools/golden/onnxOperators.py   (Debian's python3-torch; writes onnxOperators.json beside this file)
"""
import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(8)
torch.set_default_dtype(torch.float64)
cases = []


def case(operator, opset, attributes, inputs, output):
    stored = lambda x: {"shape": list(x.shape), "values": x.flatten().tolist()}
    cases.append({
        "operator": operator,
        "opset": opset,
        "attributes": attributes,
        "inputs": [{**stored(x.double()), "whole": x.dtype == torch.int64} for x in inputs],
        "output": stored(output.double()),
    })


x = torch.randn(2, 4, 5, 6)
for p in (1, 2, 3):
    case("LpPool", 18, {"kernel_shape": [2, 3], "strides": [1, 2], "p": p}, [x], (
        (F.unfold(x.abs() ** p, (2, 3), stride=(1, 2)).reshape(2, 4, 6, -1).sum(2)) ** (1 / p)).reshape(2, 4, 4, 2))
case("LpPool", 18, {"kernel_shape": [2], "p": 2}, [x[:, :, 0]], (x[:, :, 0, :-1] ** 2 + x[:, :, 0, 1:] ** 2).sqrt())
case("LpPool", 22, {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "p": 2}, [x], (
    F.avg_pool2d(x ** 2, 3, 1, 1) * 9).sqrt())
case("GlobalLpPool", 2, {"p": 3}, [x], (x.abs() ** 3).sum((2, 3), keepdim=True) ** (1 / 3))
scale, shift = torch.randn(4), torch.randn(4)
case("GroupNormalization", 21, {"num_groups": 2, "epsilon": {"float": 1e-3}}, [x, scale, shift], F.group_norm(x, 2, scale, shift, 1e-3))
group_scale, group_shift = torch.randn(2), torch.randn(2)
case("GroupNormalization", 18, {"num_groups": 2}, [x, group_scale, group_shift], F.group_norm(
    x, 2, group_scale.repeat_interleave(2), group_shift.repeat_interleave(2), 1e-5))
weight = torch.randn(6)
case("RMSNormalization", 23, {"axis": -1}, [x, weight], x / (x ** 2).mean(-1, keepdim=True).add(1e-5).sqrt() * weight)
case("LpNormalization", 1, {"axis": 1, "p": 2}, [x], F.normalize(x, 2, 1, 0))
case("LpNormalization", 22, {"axis": -1, "p": 1}, [x], F.normalize(x, 1, -1, 0))
case("Gelu", 20, {}, [x], F.gelu(x))
case("Gelu", 20, {"approximate": "tanh"}, [x], 0.5 * x * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (x + 0.044715 * x ** 3))))
case("Mish", 18, {}, [x], F.mish(x))
case("Swish", 24, {"alpha": {"float": 0.5}}, [x], x * torch.sigmoid(0.5 * x))
case("CenterCropPad", 18, {}, [x, torch.tensor([2, 4, 3, 9])], F.pad(x, (1, 2))[:, :, 1:4])
case("CenterCropPad", 18, {"axes": [-1, 2]}, [x, torch.tensor([3, 7])], F.pad(x, (0, 0, 1, 1))[..., 1:4])
for name, a in (("HannWindow", (0.5, 0.5, 0.0)), ("HammingWindow", (25 / 46, 21 / 46, 0.0)), ("BlackmanWindow", (0.42, 0.5, 0.08))):
    for periodic in (0, 1):
        angle = 2 * torch.pi * torch.arange(10) / (10 if periodic else 9)
        case(name, 17, {"periodic": periodic}, [torch.tensor(10)], a[0] - a[1] * angle.cos() + a[2] * (2 * angle).cos())
a, b = torch.randint(0, 250, (3, 4)), torch.randint(0, 250, (3, 4))
case("BitwiseAnd", 18, {}, [a, b], a & b)
case("BitwiseOr", 18, {}, [a, b], a | b)
case("BitwiseXor", 18, {}, [a, b], a ^ b)
# Antialiasing as PyTorch has it, which leaves out what lies outside.
for mode in ("bilinear", "bicubic"):
    case("Resize", 18, {"mode": "linear" if mode == "bilinear" else "cubic", "antialias": 1, "exclude_outside": 1, "cubic_coeff_a": {"float": -0.5}},
         [x, torch.zeros(0), torch.zeros(0), torch.tensor([2, 4, 3, 4])],
         F.interpolate(x, size=(3, 4), mode=mode, antialias=True, align_corners=False))
depth, height = torch.randn(1, 2, 4, 4, 4), torch.randn(3, 2, 2, 2, 2)
case("Conv", 11, {"strides": [1, 2, 1], "pads": [0, 1, 1, 0, 1, 1]}, [depth, height], F.conv3d(depth, height, None, (1, 2, 1), (0, 1, 1)))
case("AveragePool", 19, {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1, "pads": [1, 1, 1, 1], "count_include_pad": 1}, [x],
     F.avg_pool2d(x, 3, 2, 1, True, True))
case("AveragePool", 19, {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1, "pads": [1, 1, 1, 1]}, [x],
     F.avg_pool2d(x, 3, 2, 1, True, False))

text = json.dumps({"torch": torch.__version__, "cases": cases}, separators=(",", ":"))
pathlib.Path(__file__).with_name("onnxOperators.json").write_text(text)
print(len(cases), "cases,", len(text), "characters")
