"""Golden values of PyTorch's learning rate schedulers, one rate for each of 20 steps or epochs.

Run: /usr/bin/python3 tools/golden/schedules.py   (writes schedules.json beside this file)
"""
import json
import pathlib
import warnings

import torch
from torch.optim import lr_scheduler as s

warnings.simplefilter("ignore")
schedulers = {
    "stepDecay": lambda o: s.StepLR(o, 3, gamma=0.5),
    "exponentialDecay": lambda o: s.ExponentialLR(o, 0.9),
    "multiStepDecay": lambda o: s.MultiStepLR(o, [4, 5, 11], gamma=0.5),
    "cosineDecay": lambda o: s.CosineAnnealingLR(o, 20, eta_min=0.01),
    "cosineWarmRestarts": lambda o: s.CosineAnnealingWarmRestarts(o, 3, T_mult=2, eta_min=0.01),
    "polynomialDecay": lambda o: s.PolynomialLR(o, 15, power=2),
    "linear": lambda o: s.LinearLR(o, start_factor=0.25, end_factor=1, total_iters=8),
    "oneCycle": lambda o: s.OneCycleLR(o, 0.5, total_steps=20),
    "sequence": lambda o: s.SequentialLR(o, [s.LinearLR(o, 0.25, 1, total_iters=5), s.CosineAnnealingLR(o, 15)], [5]),
    "chain": lambda o: s.ChainedScheduler([s.LinearLR(o, 0.25, 1, total_iters=5), s.ExponentialLR(o, 0.9)]),
}
found = {}
for name, make in schedulers.items():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    scheduler = make(optimizer)
    found[name] = []
    for _ in range(20):
        found[name].append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
pathlib.Path(__file__).with_name("schedules.json").write_text(
    json.dumps({"torch": torch.__version__, "rates": found}, separators=(",", ":")))
