"""PyTorch on the cases: eager, compiled as two graphs (forward and backward) and as one (func.grad). See cases.py."""

import os
import tempfile
import time

os.environ["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"
os.environ["TORCHINDUCTOR_CACHE_DIR"] = tempfile.mkdtemp(prefix="inductor")
import math

import numpy as np
import torch
import torch.nn.functional as F
import torch._dynamo as dynamo
import torch._inductor.config as inductor

dynamo.config.cache_size_limit = 64


def wave(x):
    return torch.exp(-x * x) * torch.sin(x) + torch.log1p(torch.abs(x))


def wave_gradient(x):
    y, vjp = torch.func.vjp(wave, x)
    return y, vjp(torch.ones_like(y))[0]


def silu_backward(x, dy):
    s = torch.sigmoid(x)
    return dy * (s + x * s * (1 - s))


def mlp(w0, b0, w1, b1, w2, b2, x, y):
    h = F.silu(x @ w0 + b0)
    h = F.silu(h @ w1 + b1)
    return F.cross_entropy(h @ w2 + b2, y)


def student(theta, x):
    mu, s, nu = theta[0], theta[1], theta[2]
    z = (x - mu) * torch.exp(-s)
    constant = torch.lgamma((nu + 1) / 2) - torch.lgamma(nu / 2) - 0.5 * torch.log(nu * math.pi) - s
    return x.shape[0] * constant - (nu + 1) / 2 * torch.log1p(z * z / nu).sum()


def arrays(result):
    return [t.detach().numpy() for t in (result if isinstance(result, (tuple, list)) else (result,))]


def plain(function, *arguments):
    compiled = torch.compile(function)

    def without_gradients(f):
        def run():
            with torch.inference_mode():
                return f(*arguments)
        return run

    return [("eager", without_gradients(function), arrays), ("compile", without_gradients(compiled), arrays)]


class Layers(torch.nn.Module):
    """Weights as parameters, so that a frozen compile may pack them."""

    def __init__(self, layers, activation):
        super().__init__()
        self.layers, self.activation = torch.nn.ModuleList(), activation
        for w, b in layers:
            layer = torch.nn.Linear(*w.shape)
            layer.weight.data.copy_(w.T)
            layer.bias.data.copy_(b)
            self.layers.append(layer)

    def forward(self, x):
        for layer in self.layers:
            x = self.activation(layer(x))
        return x


def inference(layers, activation, x):
    module = Layers(layers, activation).eval()
    plainly = plain(module, x)
    frozen = torch.compile(Layers(layers, activation).eval())

    def run():
        with torch.inference_mode():
            return frozen(x)

    def first():  # compiled while the option is on
        inductor.freezing = True
        result = run()
        inductor.freezing = False
        return result

    state = [first]

    def call():
        step, state[0] = state[0], run
        return step()

    return plainly + [("compile, frozen", call, arrays)]


def graded(function, arguments, wanted, outputs=arrays):
    leaves = [a.clone().requires_grad_() if i in wanted else a for i, a in enumerate(arguments)]
    asked = [leaves[i] for i in wanted]
    compiled = torch.compile(function)
    one = torch.compile(lambda *a: torch.func.grad_and_value(function, argnums=tuple(wanted))(*a))

    def two_graphs(f):
        def run():
            value = f(*leaves)
            return value.detach(), *torch.autograd.grad(value, asked)
        return run

    def one_graph():
        gradients, value = one(*arguments)
        return value, *gradients

    return [("eager", two_graphs(function), outputs), ("compile, two graphs", two_graphs(compiled), outputs),
            ("compile, one graph", one_graph, outputs)]


class Compile:
    """The first call less a later one."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __call__(self):
        pass

    def seconds(self):
        dynamo.reset()
        compiled = torch.compile(self.function)
        start = time.perf_counter()
        compiled(*self.arguments)
        between = time.perf_counter()
        compiled(*self.arguments)
        return 2 * between - start - time.perf_counter()


def network(d):
    return tuple(d[name] for name in ("W0", "b0", "W1", "b1", "W2", "b2", "X", "y"))


def variants(row, data, threads):
    torch.set_num_threads(threads)
    dynamo.reset()
    d = {name: torch.from_numpy(array) for name, array in data.items()}
    if "y" in d:
        d["y"] = d["y"].long()
    if row == "1":
        return inference([(d["W"], d["b"])], F.gelu, d["X"])
    if row in ("2", "3"):
        loss = lambda x, w, b, c: (F.gelu(torch.addmm(b, x, w)) * c).sum()
        return graded(loss, (d["X"], d["W"], d["b"], d["C"]), (0, 1, 2))
    if row == "4":
        return graded(mlp, network(d), tuple(range(6)))
    if row == "5":
        return inference([(d["W1"], d["b1"]), (d["W2"], d["b2"])], F.relu, d["x"])
    if row == "6":
        return inference([(d["W"].T, d["b"])], torch.sigmoid, d["x"])
    if row == "7":
        return plain(lambda x, w: torch.tanh(x @ w), d["X"], d["W"])
    if row == "7g":
        return graded(lambda x, w: torch.tanh(x @ w).sum(), (d["X"], d["W"]), (0, 1))
    if row == "8":
        return plain(wave, d["x"])
    if row == "8g":
        return plain(wave_gradient, d["x"])
    if row == "9" or row.startswith("10."):
        return plain(silu_backward, d["x"], d["dy"])
    if row == "11":
        return graded(lambda l, y: F.cross_entropy(l, y), (d["L"], d["y"]), (0,))
    if row == "12":
        outputs = lambda r: [r[0].numpy(), *r[1].numpy()]
        return graded(student, (d["theta"], d["x"]), (0,), outputs)
    if row == "13.4":
        return [("one graph", Compile(lambda *a: torch.func.grad_and_value(mlp, argnums=tuple(range(6)))(*a), *network(d)), None)]
    if row == "13.8":
        return [("one graph", Compile(wave_gradient, torch.linspace(-3, 3, 1024)), None)]
    return []
