"""PyTorch, eager, on the processor: serves works as contest/serve.mjs does. Arguments: threads, and first or last for the channels."""

import json
import math
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(int(sys.argv[1]))
LAYOUT = torch.channels_last if sys.argv[2] == "last" else torch.contiguous_format
STEPS = 5
SHORT = 0.0005


class Absent(Exception):
    """What a system cannot do."""


def read(folder):
    with open(os.path.join(folder, "work.json"), encoding="utf-8") as file:
        work = json.load(file)
    for name, tensor in work["tensors"].items():
        values = np.fromfile(os.path.join(folder, name + ".f32"), np.float32)
        tensor["values"] = torch.from_numpy(values.reshape(tensor["shape"]))
    return work


def images(work):
    """[n, h, w, c] as [n, c, h, w]"""
    return work["tensors"]["x"]["values"].permute(0, 3, 1, 2).contiguous(memory_format=LAYOUT)


def filters(values):
    """[kh, kw, c, f] as [f, c, kh, kw]"""
    return values.permute(3, 2, 0, 1).contiguous(memory_format=LAYOUT)


def weights(work):
    """By name. The first dense layer sees its inputs in another order, channels first."""
    flattened = {step["to"]: step["maps"] for step in work["steps"] if step["op"] == "flatten"}
    found = {}
    for step in work["steps"]:
        if "w" not in step:
            continue
        w = work["tensors"][step["w"]]["values"]
        if step["op"] == "conv":
            w = filters(w)
        else:
            if step["x"] in flattened:
                h, width, c = flattened[step["x"]]
                w = w.reshape(h, width, c, -1).permute(2, 0, 1, 3).reshape(w.shape)
            w = w.t().contiguous()
        found[step["w"]] = w
        found[step["b"]] = work["tensors"][step["b"]]["values"]
    return found


def forward(steps, w, x):
    values = {"x": x}
    for s in steps:
        x = values[s["x"]]
        if s["op"] == "conv":
            x = F.conv2d(x, w[s["w"]], w[s["b"]], s["stride"], int(s["pad"]), 1, s["groups"])
        elif s["op"] == "maxPool":
            x = F.max_pool2d(x, s["size"], s["stride"], int(s["pad"]))
        elif s["op"] == "addRelu":
            x = F.relu(x + values[s["y"]])
        elif s["op"] == "mean":
            x = x.mean((2, 3))
        elif s["op"] == "flatten":
            # Channels first, however they lie in memory.
            x = x.flatten(1)
        else:
            x = F.linear(x, w[s["w"]], w[s["b"]])
        values[s["to"]] = F.relu(x) if s.get("relu") else x
    return values[steps[-1]["to"]]


class Matmul:
    def __init__(self, work):
        self.a, self.b = (work["tensors"][name]["values"] for name in "ab")

    def run(self):
        return torch.matmul(self.a, self.b)

    def result(self):
        return self.run()


class Conv2d:
    def __init__(self, work):
        self.x = images(work)
        self.w = filters(work["tensors"]["w"]["values"])
        self.options = (None, work["stride"], int(work["pad"]), 1, work["groups"])

    def run(self):
        return F.conv2d(self.x, self.w, *self.options)

    def result(self):
        return self.run().permute(0, 2, 3, 1)


class Infer:
    def __init__(self, work):
        self.x, self.w, self.steps = images(work), weights(work), work["steps"]

    def run(self):
        return forward(self.steps, self.w, self.x).numpy()

    def result(self):
        return torch.from_numpy(self.run())


class Train:
    def __init__(self, work):
        self.work, self.x = work, images(work)
        self.labels = work["tensors"]["labels"]["values"].long()
        self.reset()

    def reset(self):
        self.w = {name: w.clone(memory_format=torch.preserve_format).requires_grad_() for name, w in weights(self.work).items()}
        self.optimizer = torch.optim.SGD(self.w.values(), self.work["rate"], self.work["momentum"])

    def run(self):
        with torch.enable_grad():
            loss = F.cross_entropy(forward(self.work["steps"], self.w, self.x), self.labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        return loss.item()

    def result(self):
        self.reset()
        return torch.tensor([self.run() for _ in range(STEPS)])


KINDS = {"matmul": Matmul, "conv2d": Conv2d, "infer": Infer, "train": Train}


def timed(run, seconds):
    """As contest/clock.mjs does it."""

    def calls(count):
        began = time.perf_counter()
        for _ in range(count):
            run()
        return (time.perf_counter() - began) / count

    end = time.perf_counter() + seconds
    first = calls(1)
    bunch = max(1, math.ceil(SHORT / first))
    times = [first] if bunch == 1 else [calls(bunch)]
    while time.perf_counter() + first / 2 < end:
        times.append(calls(bunch))
    return times


def warm(run, seconds, least):
    began = time.perf_counter()
    call = 0
    while time.perf_counter() < began + (4 * seconds if call < least else seconds):
        run()
        call += 1


def slow_blas():
    """What to do if products of matrices are computed by the reference BLAS, which is many times slower than others."""
    if torch.backends.mkl.is_available():
        return {}
    torch.matmul(torch.ones(2, 2), torch.ones(2, 2))
    with open("/proc/self/maps", encoding="utf-8") as maps:
        loaded = {os.path.realpath(line.split()[-1]) for line in maps if "/libblas" in line or "/libopenblas" in line}
    if not loaded or any("openblas" in path or "blis" in path or "atlas" in path for path in loaded):
        return {}
    return {"warning": "uses the reference BLAS, so its products are slow; on Debian: apt-get install libopenblas0-pthread"}


class Server:
    prepared = None

    def about(self):
        return {"version": torch.__version__, **(slow_blas() if sys.platform == "linux" else {})}

    def prepare(self, folder):
        work = read(folder)
        if work["kind"] not in KINDS:
            raise Absent("not among what is compared")
        self.prepared = KINDS[work["kind"]](work)
        return {}

    def result(self, file):
        self.prepared.result().contiguous().numpy().astype(np.float32).tofile(file)
        return {}

    def warm(self, seconds, least):
        warm(self.prepared.run, seconds, least)
        return {}

    def time(self, seconds):
        getattr(self.prepared, "reset", lambda: None)()
        return {"times": timed(self.prepared.run, seconds)}


server = Server()
with torch.no_grad(), os.fdopen(3, "w", encoding="utf-8") as answers:
    for line in sys.stdin:
        told = json.loads(line)
        try:
            answer = getattr(server, told.pop("command"))(**told)
        except Absent as error:
            answer = {"absent": str(error)}
        except Exception as error:  # pylint: disable=broad-except
            answer = {"error": repr(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
