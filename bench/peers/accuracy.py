"""How far values, first and second derivatives of PyTorch and JAX are from the truth, in f32 on the CPU.

Start it with bench/peers/run accuracy. Every function is evaluated as a user would write it, at the same numbers in both;
`actinium certify --judge` compares the results with ball arithmetic. What was found goes to build/accuracy/peers.json
after every function (a second run continues where the first ended). Start reading at FUNCTIONS, then main().
"""

import argparse
import datetime
import json
import pathlib
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F

TOOL = "build/actinium"
DATA = pathlib.Path("build/peers/data")
STRIDE = 8191  # a prime: all low bits occur
ARGUMENTS = (f"every {STRIDE}st bit pattern of f32, +-0, +-inf, nan, the powers of two and their neighbours; "
             "derivatives not at kinks and the numbers beside them, where conventions differ")
SMALLEST_NORMAL = np.float32(2.0**-126)

# Our name: (our expression, PyTorch, JAX, kinks). None: it is not in that library.
FUNCTIONS = {
    "exp": ("exp(x)", torch.exp, jnp.exp, ()),
    "exp2": ("exp2(x)", torch.exp2, jnp.exp2, ()),
    "expm1": ("expm1(x)", torch.expm1, jnp.expm1, ()),
    "log": ("log(x)", torch.log, jnp.log, ()),
    "log2": ("log2(x)", torch.log2, jnp.log2, ()),
    "log1p": ("log1p(x)", torch.log1p, jnp.log1p, ()),
    "sqrt": ("sqrt(x)", torch.sqrt, jnp.sqrt, ()),
    "rsqrt": ("rsqrt(x)", torch.rsqrt, jax.lax.rsqrt, ()),
    "cbrt": ("cbrt(x)", None, jnp.cbrt, ()),
    "sin": ("sin(x)", torch.sin, jnp.sin, ()),
    "cos": ("cos(x)", torch.cos, jnp.cos, ()),
    "sinh": ("sinh(x)", torch.sinh, jnp.sinh, ()),
    "cosh": ("cosh(x)", torch.cosh, jnp.cosh, ()),
    "tanh": ("tanh(x)", torch.tanh, jnp.tanh, ()),
    "atan": ("atan(x)", torch.atan, jnp.arctan, ()),
    "asinh": ("asinh(x)", torch.asinh, jnp.arcsinh, ()),
    "erf": ("erf(x)", torch.erf, jax.scipy.special.erf, ()),
    "erfc": ("erfc(x)", torch.erfc, jax.scipy.special.erfc, ()),
    "normcdf": ("normcdf(x)", torch.special.ndtr, jax.scipy.special.ndtr, ()),
    "gaussian": ("exp(-x*x)", lambda x: torch.exp(-x * x), lambda x: jnp.exp(-x * x), ()),
    "sigmoid": ("sigmoid(x)", torch.sigmoid, jax.nn.sigmoid, ()),
    "log_sigmoid": ("log_sigmoid(x)", F.logsigmoid, jax.nn.log_sigmoid, ()),
    "softplus": ("softplus(x)", F.softplus, jax.nn.softplus, ()),
    "silu": ("silu(x)", F.silu, jax.nn.silu, ()),
    "mish": ("mish(x)", F.mish, jax.nn.mish, ()),
    "gelu": ("gelu(x)", F.gelu, lambda x: jax.nn.gelu(x, approximate=False), ()),
    "gelu_tanh": ("gelu_tanh(x)", lambda x: F.gelu(x, approximate="tanh"), jax.nn.gelu, ()),
    "elu": ("elu(x)", F.elu, jax.nn.elu, (0,)),
    "selu": ("selu(x)", F.selu, jax.nn.selu, (0,)),
    "celu": ("celu(x)", F.celu, jax.nn.celu, (0,)),
    "softsign": ("softsign(x)", F.softsign, jax.nn.soft_sign, (0,)),
    "tanh_shrink": ("tanh_shrink(x)", F.tanhshrink, None, ()),
    "squareplus": ("squareplus(x)", None, jax.nn.squareplus, ()),
    "log1mexp": ("log1mexp(x)", None, jax.nn.log1mexp, ()),
    "sparse_plus": ("sparse_plus(x)", None, jax.nn.sparse_plus, (-1, 1)),
    "sparse_sigmoid": ("sparse_sigmoid(x)", None, jax.nn.sparse_sigmoid, (-1, 1)),
    "hard_silu": ("hard_silu(x)", F.hardswish, jax.nn.hard_silu, (-3, 3)),
    "hard_sigmoid": ("hard_sigmoid(x)", F.hardsigmoid, jax.nn.hard_sigmoid, (-3, 3)),
    "hard_tanh": ("hard_tanh(x)", F.hardtanh, jax.nn.hard_tanh, (-1, 1)),
    "hard_shrink": ("hard_shrink(x)", F.hardshrink, None, (-0.5, 0.5)),
    "soft_shrink": ("soft_shrink(x)", F.softshrink, None, (-0.5, 0.5)),
    "relu": ("relu(x)", F.relu, jax.nn.relu, (0,)),
    "relu6": ("relu6(x)", F.relu6, jax.nn.relu6, (0, 6)),
    "leaky_relu": ("leaky_relu(x)", F.leaky_relu, jax.nn.leaky_relu, (0,)),
}


def torch_derivative(y: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    if not y.requires_grad:
        return torch.zeros_like(at)
    return torch.autograd.grad(y, at, torch.ones_like(y), create_graph=True, materialize_grads=True)[0]


def torch_results(f, x: np.ndarray) -> list[np.ndarray | str]:
    """Value, first and second derivative by autograd; the message instead of a second one that there is not."""
    at = torch.from_numpy(x).requires_grad_()
    value = f(at)
    first = torch_derivative(value, at)
    results = [value.detach().numpy(), first.detach().numpy()]
    try:
        return [*results, torch_derivative(first, at).detach().numpy()]
    except RuntimeError as e:
        if "is not implemented" not in str(e):
            raise
        return [*results, str(e)]


def jax_results(f, x: np.ndarray) -> list[np.ndarray | str]:
    """Value, jax.grad and jax.grad of it, mapped over x and compiled."""
    functions = (f, jax.vmap(jax.grad(f)), jax.vmap(jax.grad(jax.grad(f))))
    return [np.asarray(jax.jit(g)(x)) for g in functions]


SYSTEMS = {
    "torch": {"version": torch.__version__, "column": 1, "results": torch_results},
    "jax": {"version": jax.__version__, "column": 2, "results": jax_results},
}


def arguments() -> np.ndarray:
    """Ascending, each number once, nan last."""
    spread = np.arange(0, 2**32, STRIDE, dtype=np.uint64).astype(np.uint32).view(np.float32)
    powers = (np.arange(0, 256, dtype=np.uint32) << 23).view(np.float32)  # 0, 2**-126, ..., inf
    inf = np.float32(np.inf)
    edges = np.concatenate([powers, np.nextafter(powers, inf), np.nextafter(powers, -inf), np.float32([2.0**-149])])
    x = np.concatenate([spread, edges, -edges])
    bits = np.unique(x[~np.isnan(x)].view(np.uint32))
    return np.append(np.sort(bits.view(np.float32), kind="stable"), np.float32(np.nan))


def ours(expression: str, x: np.ndarray, order: int) -> np.ndarray:
    """Our results, which tell where the truth is a normal number."""
    np.save(DATA / "x.npy", x)
    command = [TOOL, "eval", expression, f"x={DATA}/x.npy", "-o", f"{DATA}/ours.npy"] + ["--derivative", "x"] * order
    subprocess.run(command, check=True)
    return np.load(DATA / "ours.npy")


def judge(expression: str, x: np.ndarray, y: np.ndarray, order: int) -> dict:
    np.save(DATA / "x.npy", x)
    np.save(DATA / "y.npy", y)
    command = [TOOL, "certify", expression, "--judge", f"{DATA}/x.npy:{DATA}/y.npy", "--order", str(order), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1):  # 1: wrong NaNs and their like were found
        sys.exit(f"bench/peers: {' '.join(command)} failed")
    found = json.loads(done.stdout)["orders"][0]
    return {k: v for k, v in found.items() if k not in ("order", "holds", "broken", "skipped", "zeros")}


def compact(found: dict) -> dict:
    """Without what is zero."""
    return {k: v for k, v in found.items() if v != 0 and not (isinstance(v, dict) and v.get("count") == 0)}


def is_right(found: dict) -> bool:
    """Within 4 ulp (around real zeros of derivatives: units), without wrong NaN, 0, infinity or sign."""
    wrong = ("wrong_nan", "wrong_zero", "wrong_infinity", "wrong_sign")
    return found["within"]["more"] == 0 and float(found.get("worst_near_zeros", 0)) <= 4 and \
        not any(found[k]["count"] for k in wrong)


def measure(expression: str, kinks, x: np.ndarray, results: list[np.ndarray | str],
            our_results: list[np.ndarray]) -> dict:
    """An object an order. Where x or the truth is subnormal is told apart: some libraries flush such numbers to 0."""
    orders = {}
    at_kinks = np.float32(kinks)
    inf = np.float32(np.inf)
    kinked = np.isin(x, [at_kinks, np.nextafter(at_kinks, inf), np.nextafter(at_kinks, -inf)])
    for order, y in enumerate(results):
        if isinstance(y, str):
            orders[str(order)] = {"unavailable": y}
            continue
        of_ours = np.abs(our_results[order])
        subnormal = ((x != 0) & (np.abs(x) < SMALLEST_NORMAL)) | ((of_ours != 0) & (of_ours < SMALLEST_NORMAL))
        smooth = np.full(x.shape, True) if order == 0 else ~kinked
        normal = judge(expression, x[smooth & ~subnormal], y[smooth & ~subnormal], order)
        rest = judge(expression, x[smooth & subnormal], y[smooth & subnormal], order)
        orders[str(order)] = {"right": is_right(normal), **compact(normal),
                              "subnormal": {"right": is_right(rest), **compact(rest)}}
    return orders


def line_of(orders: dict) -> str:
    parts = []
    for found in orders.values():
        if "unavailable" in found:
            parts.append("none")
            continue
        wrong = [f"{k} {found[k]['count']} from {float(found[k]['first']['x']):.3g}" for k in
                 ("wrong_nan", "wrong_zero", "wrong_infinity", "wrong_sign") if k in found]
        ulp = float(found.get("worst_ulp", 0))
        parts.append(" ".join([f"{ulp:.3g} ulp" if found["right"] else f"! {ulp:.3g} ulp", *wrong,
                               "" if found["subnormal"]["right"] else "(subnormal: wrong)"]).strip())
    return " | ".join(parts)


def summary(state: dict) -> str:
    lines = ["", f"{'right within 4 ulp':<24}{'value':>12}{'first':>12}{'second':>12}"]
    for name in SYSTEMS:
        functions = state[name]["functions"].values()
        for title, right in (("", lambda f, k: f[k]["right"]),
                             (", subnormals too", lambda f, k: f[k]["right"] and f[k]["subnormal"]["right"])):
            there = [[f for f in functions if "unavailable" not in f[k]] for k in "012"]
            counts = [f"{sum(right(f, k) for f in fs)} of {len(fs)}" for k, fs in zip("012", there)]
            lines.append(f"{name + title:<24}" + "".join(f"{c:>12}" for c in counts))
    return "\n".join(lines)


def as_text(state: dict) -> str:
    """JSON with a function a line."""
    systems = []
    for name in SYSTEMS:
        lines = [f"   {json.dumps(f)}: {json.dumps(found)}" for f, found in state[name]["functions"].items()]
        systems.append(f' {json.dumps(name)}: {{"version": {json.dumps(state[name]["version"])}, "functions": {{\n'
                       + ",\n".join(lines) + "}}")
    return "{\n" + ",\n".join([f' "about": {json.dumps(state["about"])}', *systems]) + "\n}\n"


def load_state(path: pathlib.Path) -> dict:
    state = json.loads(path.read_text()) if path.exists() else {}
    for name, system in SYSTEMS.items():
        if state.get(name, {}).get("version") != system["version"]:
            state[name] = {"version": system["version"], "functions": {}}
    state["about"] = {"command": "bench/peers/run accuracy", "date": datetime.date.today().isoformat(), "arguments": ARGUMENTS,
                      "device": f"CPU, PyTorch's kernels for {torch.backends.cpu.get_cpu_capability()}",
                      "right": "within 4 ulp, no wrong NaN, 0, infinity or sign, where x and truth are normal numbers"}
    return state


def main():
    parser = argparse.ArgumentParser(description="How accurate PyTorch and JAX are in f32.")
    parser.add_argument("functions", nargs="*", help="only these (names of FUNCTIONS)")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/accuracy/peers.json"))
    choices = parser.parse_args()
    if unknown := set(choices.functions) - set(FUNCTIONS):
        parser.error(f"no such function: {', '.join(sorted(unknown))}")
    DATA.mkdir(parents=True, exist_ok=True)
    choices.out.parent.mkdir(parents=True, exist_ok=True)
    state = load_state(choices.out)
    x = arguments()
    print(f"{x.size} numbers; PyTorch {torch.__version__}, JAX {jax.__version__}", flush=True)
    for name in choices.functions or FUNCTIONS:
        expression, kinks = FUNCTIONS[name][0], FUNCTIONS[name][3]
        missing = [s for s, system in SYSTEMS.items()
                   if FUNCTIONS[name][system["column"]] and name not in state[s]["functions"]]
        our_results = [ours(expression, x, k) for k in range(3)] if missing else []
        for s in missing:
            results = SYSTEMS[s]["results"](FUNCTIONS[name][SYSTEMS[s]["column"]], x)
            orders = measure(expression, kinks, x, results, our_results)
            state[s]["functions"][name] = {"expression": expression, **orders}
            print(f"{name:<16}{s:<7}{line_of(orders)}", flush=True)
            choices.out.write_text(as_text(state))
    print(summary(state))


if __name__ == "__main__":
    main()
