"""Golden values of PyTorch's optimizers: a parameter after each of ten steps with given gradients, in float64.

Run: /usr/bin/python3 tools/golden/optimizers.py   (writes optimizers.json beside this file)
"""
import json
import pathlib

import torch

class Lion(torch.optim.Optimizer):
    """Chen 2023, algorithm 2; PyTorch 1.13 lacks it."""

    def __init__(self, parameters, lr, betas=(0.9, 0.99), weight_decay=0):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                (beta1, beta2), mean = group["betas"], self.state[p].setdefault("mean", torch.zeros_like(p))
                update = (beta1 * mean + (1 - beta1) * p.grad).sign() + group["weight_decay"] * p
                p.sub_(group["lr"] * update)
                mean.mul_(beta2).add_(p.grad, alpha=1 - beta2)


start = [0.5, -1.25, 2.0, 0.0]
gradients = [[((7 * step + 3 * i) % 11 - 5) / 8 for i in range(4)] for step in range(10)]
optimizers = {
    "sgd": (torch.optim.SGD, {}, {}),
    "sgd momentum": (torch.optim.SGD, {"momentum": 0.9}, {"momentum": 0.9}),
    "sgd nesterov decay": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}, {"momentum": 0.9, "nesterov": True, "weightDecay": 0.1}),
    "adagrad decays": (torch.optim.Adagrad, {"lr_decay": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3}, {"decay": 0.1, "initial": 0.5, "epsilon": 1e-3}),
    "adagrad": (torch.optim.Adagrad, {"weight_decay": 0.1}, {"weightDecay": 0.1}),
    "rmsProp": (torch.optim.RMSprop, {"alpha": 0.9, "weight_decay": 0.1}, {"keep": 0.9, "weightDecay": 0.1}),
    "rmsProp centered": (torch.optim.RMSprop, {"alpha": 0.9, "centered": True}, {"keep": 0.9, "centered": True}),
    "rmsProp momentum": (torch.optim.RMSprop, {"alpha": 0.8, "momentum": 0.9}, {"keep": 0.8, "momentum": 0.9}),
    "rmsProp centered momentum decay": (torch.optim.RMSprop, {"alpha": 0.8, "momentum": 0.9, "centered": True, "weight_decay": 0.1}, {"keep": 0.8, "momentum": 0.9, "centered": True, "weightDecay": 0.1}),
    "adam": (torch.optim.Adam, {}, {}),
    "adam decay": (torch.optim.Adam, {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}, {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3, "weightDecay": 0.1}),
    "adam amsgrad": (torch.optim.Adam, {"betas": (0.8, 0.6), "amsgrad": True}, {"beta1": 0.8, "beta2": 0.6, "amsgrad": True}),
    "adamW amsgrad": (torch.optim.AdamW, {"betas": (0.8, 0.6), "amsgrad": True, "weight_decay": 0.1}, {"beta1": 0.8, "beta2": 0.6, "amsgrad": True, "weightDecay": 0.1}),
    "lion": (Lion, {}, {}),
    "lion decay": (Lion, {"betas": (0.8, 0.95), "weight_decay": 0.1}, {"beta1": 0.8, "beta2": 0.95, "weightDecay": 0.1}),
    "adamW": (torch.optim.AdamW, {"weight_decay": 0.1}, {"weightDecay": 0.1}),
}

found = {}
for name, (Optimizer, options, ours) in optimizers.items():
    p = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = Optimizer([p], lr=0.1, **options)
    path = []
    for gradient in gradients:
        p.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
        path.append(p.tolist())
    found[name] = {"options": ours, "path": path}

text = json.dumps({"torch": torch.__version__, "learningRate": 0.1, "start": start, "gradients": gradients, "optimizers": found}, separators=(",", ":"))
pathlib.Path(__file__).with_name("optimizers.json").write_text(text)
