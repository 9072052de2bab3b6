"""heyoka on the cases that are elementwise or scalar: compiled functions. See cases.py."""

import time

import heyoka as hy
import numpy as np

import arm


def wave(x):
    return hy.exp(-x * x) * hy.sin(x) + hy.log1p(hy.sqrt(x * x))  # there is no abs


class Compile:
    def __init__(self, make):
        self.make = make

    def __call__(self):
        pass

    def seconds(self):
        start = time.perf_counter()
        self.make()
        return time.perf_counter() - start


def over(functions, variables, inputs, dtype, shapes):
    compiled = hy.cfunc(functions, vars=variables, fp_type=dtype, fast_math=True, parallel_mode=False)
    results = np.empty((len(functions), inputs.shape[1]), dtype)
    split = np.cumsum(shapes)[:-1]
    return lambda: compiled(inputs, outputs=results), lambda _: [part if len(part) > 1 else part[0] for part in np.split(results, split)]


def variants(row, data, threads):
    if row in ("8", "8g"):
        x = hy.make_vars("x")
        y = wave(x)
        functions = [y] if row == "8" else [y, hy.diff(y, x)]
        run, outputs = over(functions, [x], data["x"].reshape(1, -1), np.float32, [1] * len(functions))
        return [("cfunc, fast math", run, outputs)]
    q = list(hy.make_vars(*[f"q{i}" for i in range(7)]))
    diff = lambda e: [hy.diff(e, v) for v in q]
    if row == "15.b":
        position, jacobian = arm.kinematics(q, hy.cos, hy.sin, diff, hy.expression)
        run, outputs = over(position + jacobian, q, data["q"], np.float64, [3, 42])
        return [("cfunc, fast math", run, outputs)]
    if row == "15.c":
        def make():
            position, jacobian = arm.kinematics(q, hy.cos, hy.sin, diff, hy.expression)
            hy.cfunc(position + jacobian, vars=q, fast_math=True)
        return [("symbols and cfunc", Compile(make), None)]
    if row == "13.8":
        def make_wave():
            x = hy.make_vars("x")
            y = wave(x)
            hy.cfunc([y, hy.diff(y, x)], vars=[x], fp_type=np.float32, fast_math=True)
        return [("symbols and cfunc", Compile(make_wave), None)]
    return []
