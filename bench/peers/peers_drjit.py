"""Dr.Jit on the cases: traced at each call, and frozen. See cases.py."""

import glob
import os

found = sorted(glob.glob("/usr/lib/llvm-*/lib/libLLVM.so"))
if found:
    os.environ.setdefault("DRJIT_LIBLLVM_PATH", found[-1])
import math

import drjit as dr
import numpy as np
from drjit.llvm import Float as Plain
from drjit.llvm import Float64 as Plain64
from drjit.llvm.ad import Float, Float64


def wave(x):
    return dr.exp(-x * x) * dr.sin(x) + dr.log(1 + dr.abs(x))


def wave_gradient(x):
    x = Float(x)
    dr.enable_grad(x)
    y = wave(x)
    dr.set_grad(y, 1.0)
    dr.enqueue(dr.ADMode.Backward, y)
    dr.traverse(dr.ADMode.Backward)
    return dr.detach(y), dr.grad(x)


def silu_backward(x, dy):
    s = 1 / (1 + dr.exp(-x))
    return dy * (s + x * s * (1 - s))


def student(x, a, b, c):
    mu, s, nu = Float64(a), Float64(b), Float64(c)
    dr.enable_grad(mu, s, nu)
    z = (x - mu) * dr.exp(-s)
    constant = dr.lgamma((nu + 1) / 2) - dr.lgamma(nu / 2) - 0.5 * dr.log(nu * math.pi) - s
    value = dr.width(x) * constant - (nu + 1) / 2 * dr.sum(dr.log(1 + z * z / nu))
    dr.backward(value)
    return dr.detach(value), dr.grad(mu), dr.grad(s), dr.grad(nu)


def arrays(result):
    return [np.array(a) for a in (result if isinstance(result, tuple) else (result,))]


def both(function, *arguments):
    def waited(f):
        def run():
            result = f(*arguments)
            dr.eval(result)
            dr.sync_thread()
            return result
        return run

    return [("frozen", waited(dr.freeze(function)), arrays), ("traced each call", waited(function), arrays)]


def variants(row, data, threads):
    dr.set_thread_count(0 if threads == 1 else threads)
    single = row in ("8", "8g", "9") or row.startswith("10.")
    d = {name: Plain(array) if single else array for name, array in data.items()}
    dr.eval(list(d.values()) if single else [])
    if row == "8":
        return both(wave, d["x"])
    if row == "8g":
        return both(wave_gradient, d["x"])
    if single:
        return both(silu_backward, d["x"], d["dy"])
    if row == "12":
        theta = [Plain64(float(v)) for v in d["theta"]]
        x = Plain64(d["x"])
        dr.make_opaque(x, *theta)
        return both(student, x, *theta)
    return []
