"""CasADi on the scalar case: its generated C, compiled by gcc -O3 and called in a loop of C. See cases.py."""

import ctypes
import os
import pathlib
import subprocess
import tempfile
import time

import casadi as ca
import numpy as np

import arm

LOOP = """
int arm(const double** arg, double** res, long long* iw, double* w, int mem);
void many(const double* q, double* p, double* j, long count) {
  static double w[8192]; static long long iw[256];
  const double* arg[64] = {q}; double* res[64] = {p, j};
  for (long i = 0; i < count; ++i) arm(arg, res, iw, w, 0);
}
"""


def build(directory):
    q = ca.SX.sym("q", 7)
    entries = [q[i] for i in range(7)]
    gradient = lambda e: [ca.jacobian(e, q)[0, i] for i in range(7)]
    position, jacobian = arm.kinematics(entries, ca.cos, ca.sin, gradient, ca.SX)
    f = ca.Function("arm", [q], [ca.vertcat(*position), ca.vertcat(*[ca.densify(e) for e in jacobian])])
    here = os.getcwd()
    os.chdir(directory)  # it writes nowhere else
    f.generate("arm.c")
    os.chdir(here)
    (directory / "loop.c").write_text(LOOP)
    subprocess.run(["gcc", "-O3", "-march=native", "-shared", "-fPIC", "-o", "arm.so", "arm.c", "loop.c", "-lm"], cwd=directory, check=True)
    return ctypes.CDLL(str(directory / "arm.so"))


class OneCall:
    def __init__(self, library, q):
        self.library, self.q, self.p, self.j = library, np.ascontiguousarray(q), np.zeros(3), np.zeros(42)

    def many(self, count):
        pointer = lambda a: ctypes.c_void_p(a.ctypes.data)
        self.library.many(pointer(self.q), pointer(self.p), pointer(self.j), ctypes.c_long(count))

    def __call__(self):
        self.many(1)
        return self.p, self.j


class Compile:
    def __call__(self):
        pass

    def seconds(self):
        with tempfile.TemporaryDirectory() as directory:
            start = time.perf_counter()
            build(pathlib.Path(directory))
            return time.perf_counter() - start


def variants(row, data, threads):
    if row == "15":
        with tempfile.TemporaryDirectory() as directory:
            library = build(pathlib.Path(directory))
        return [("C by gcc -O3", OneCall(library, data["q"]), list)]
    if row == "15.c":
        return [("C by gcc -O3", Compile(), None)]
    return []
