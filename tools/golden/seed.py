"""Computes the values of seed.json with PyTorch and NumPy, and fails if they differ.

Run: /usr/bin/python3 tools/golden/seed.py
"""
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

golden = json.loads(pathlib.Path(__file__).with_name("seed.json").read_text())
checked = 0


def same(name, got, want):
    global checked
    np.testing.assert_allclose(np.asarray(got, dtype=float), np.asarray(want, dtype=float), atol=1e-9, err_msg=name)
    checked += 1


demo = golden["convDemo"]
x = torch.tensor(demo["X"], dtype=torch.float64)[None].requires_grad_()
w = torch.tensor(demo["W"], dtype=torch.float64).requires_grad_()
b = torch.tensor(demo["b"], dtype=torch.float64).requires_grad_()
y = F.conv2d(x, w, b, stride=2, padding=1)
y.sum().backward()
same("conv demo", y[0].detach(), demo["O"])
for name, t in [("dX", x), ("dW", w), ("db", b)]:
    got = t.grad[0] if name == "dX" else t.grad
    same(name, got, demo["grad_ones"][name])

stride = golden["strideFig"]
line = lambda values: torch.tensor(values, dtype=torch.float64)[None, None]
for step in (1, 2):
    same(f"stride {step}", F.conv1d(line(stride["x"]), line(stride["w"]), stride=step)[0, 0], stride[f"S{step}"])
dilation = golden["dilation"]
for d in (1, 2):
    same(f"dilation {d}", F.conv1d(line(dilation["x"]), line(dilation["w"]), dilation=d)[0, 0], dilation[f"d{d}"])

pool = golden["maxpoolFig"]
image = torch.tensor(pool["x"], dtype=torch.float64)[None, None]
largest, places = F.max_pool2d(image, 2, return_indices=True)
same("max pooling", largest[0, 0], pool["max"])
same("switches", places.flatten(), pool["argFlat"])
same("average pooling", F.avg_pool2d(image, 2)[0, 0], pool["avg"])
same("L2 pooling", F.lp_pool2d(image, 2, 2)[0, 0], pool["l2"])

maths = golden["mathConv"]
same("convolution", np.convolve([0.5, 0.3, 0.2], [0.1, 0.6, 0.3]), maths["fg"])
same("boxes", np.convolve([1, 1, 1], [1, 1, 1]), maths["box"])
same("numpy's example", np.convolve([1, 2, 3], [0, 1, 0.5]), maths["npConv"])
same("Toeplitz", np.convolve(np.arange(1, 10), [-3, 2], "valid") * 1.0, golden["toeplitz"]["y"])
same("chance", [np.log(10), np.log(1000)], [golden["chanceLoss"]["c10"], golden["chanceLoss"]["c1000"]])
for row in golden["outputSize"]:
    same("output size", (row["W"] - row["F"] + 2 * row["P"]) / row["S"] + 1, row["out"])
print(f"{checked} rows agree")
