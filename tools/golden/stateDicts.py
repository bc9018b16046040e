"""State dicts of PyTorch's modules, with an input and the output of each, for loadStateDict. Inputs and outputs have channels last.

Run: /usr/bin/python3 tools/golden/stateDicts.py   (Debian's python3-torch; writes stateDicts.json beside this file)
"""
import json
import pathlib

import torch
from torch import nn

torch.manual_seed(4)
cases = []


class Block(nn.Module):
    """A residual block, as in torchvision."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.layer1 = nn.Sequential(Block(4, 4, 1), Block(4, 4, 1))
        self.layer2 = nn.Sequential(Block(4, 6, 2), Block(6, 6, 1))
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        x = self.layer2(self.layer1(torch.relu(self.bn1(self.conv1(x)))))
        return self.fc(x.mean((2, 3)))


def case(name, net, shape):
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -1, 1)
    net.eval()
    x = torch.randn(2, *shape)
    with torch.no_grad():
        y = net(x)
    cases.append({
        "name": name,
        "input": {"shape": list(x.movedim(1, -1).shape), "values": x.movedim(1, -1).flatten().tolist()},
        "output": {"shape": list(y.shape), "values": y.flatten().tolist()},
        "tensors": {key: {"shape": list(value.shape), "values": value.flatten().tolist()} for key, value in net.state_dict().items()},
    })


case("lenet", nn.Sequential(
    nn.Conv2d(1, 3, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(4 * 3 * 3, 6), nn.ReLU(), nn.Dropout(), nn.Linear(6, 5)), (1, 16, 16))
case("signal", nn.Sequential(
    nn.Conv1d(2, 4, 5, stride=2), nn.BatchNorm1d(4), nn.PReLU(4), nn.Conv1d(4, 4, 3, groups=2), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 7, 3)), (2, 21))
case("enlarging", nn.Sequential(
    nn.Conv2d(2, 4, 3, padding=1, groups=2), nn.ReLU(), nn.ConvTranspose2d(4, 3, 2, stride=2), nn.Flatten(), nn.Linear(3 * 8 * 8, 2)), (2, 4, 4))
case("residual", Residual(), (2, 8, 8))

text = json.dumps({"torch": torch.__version__, "cases": cases}, separators=(",", ":"))
pathlib.Path(__file__).with_name("stateDicts.json").write_text(text)
print(len(cases), "cases,", len(text), "characters")
