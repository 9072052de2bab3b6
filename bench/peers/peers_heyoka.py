"""heyoka on the cases that are elementwise or scalar: compiled functions. See cases.py."""

import time

import heyoka as hy
import numpy as np

import arm


def wave(x):
    return hy.exp(-x * x) * hy.sin(x) + hy.log1p(hy.sqrt(x * x))  # there is no abs


class Compile:
    """Without what earlier compiles left: heyoka keeps objects in memory and on disk."""

    def __init__(self, make):
        self.make = make

    def __call__(self):
        pass

    def seconds(self):
        hy.llvm_state.set_diskcache_enabled(False)
        hy.llvm_state.clear_memcache()
        start = time.perf_counter()
        self.make()
        return time.perf_counter() - start


def over(functions, variables, inputs, dtype, shapes, **options):
    compiled = hy.cfunc(functions, vars=variables, fp_type=dtype, fast_math=True, parallel_mode=False, **options)
    results = np.empty((len(functions), inputs.shape[1]), dtype)
    split = np.cumsum(shapes)[:-1]
    return lambda: compiled(inputs, outputs=results), lambda _: [part if len(part) > 1 else part[0] for part in np.split(results, split)]


def widths(*arguments):
    """As heyoka chooses, and with vectors of 512 bits, as many at once as do best here."""
    return [("cfunc, fast math", *over(*arguments)),
            ("512 bits", *over(*arguments, force_avx512=True)),
            ("512 bits, 16 at once", *over(*arguments, force_avx512=True, batch_size=16))]


def variants(row, data, threads):
    if row in ("8", "8g"):
        x = hy.make_vars("x")
        y = wave(x)
        functions = [y] if row == "8" else [y, hy.diff(y, x)]
        return widths(functions, [x], data["x"].reshape(1, -1), np.float32, [1] * len(functions))
    q = list(hy.make_vars(*[f"q{i}" for i in range(7)]))
    diff = lambda e: [hy.diff(e, v) for v in q]
    if row == "15.b":
        position, jacobian = arm.kinematics(q, hy.cos, hy.sin, diff, hy.expression)
        return widths(position + jacobian, q, data["q"], np.float64, [3, 42])
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
