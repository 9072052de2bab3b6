#!/usr/bin/env python3
"""Writes docs/accuracy.md: the worst error of every function and its first two derivatives, as `actinium certify`
measures it.

What has been measured is kept in build/accuracy, so an interrupted run goes on where it stopped; --fresh forgets it.
--quick takes every 4096th f32 and 20,000 points of f64, writes nothing into docs, and like the full run exits 1 if a
promise is broken.
"""
import argparse
import datetime
import json
import math
import pathlib
import platform
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOL = ROOT / "build" / "actinium"
KEPT = ROOT / "build" / "accuracy"
PEERS = ROOT / "docs" / "data" / "peers_accuracy.json"

BASE = """exp exp2 expm1 log log2 log10 log1p sqrt rsqrt cbrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh
erf erfc sigmoid logistic_pdf sech2 softplus gauss normpdf normcdf log1mexp""".split()
BINARY = ["pow(abs(x), 0.3)", "pow(1.7, x)", "hypot(x, 1)", "atan2(x, 1)"]
# The most used activations are measured at every float, as base functions are; the others at one of 64.
USED = """relu relu6 leaky_relu elu selu celu exponential silu mish gelu gelu_tanh quick_gelu hard_tanh hard_sigmoid
hard_silu hard_shrink soft_shrink softsign squareplus log_sigmoid tanh_shrink gaussian sparse_plus sparse_sigmoid linear
step relu2 threshold rrelu lisht""".split()
FULL, SPARSE, QUICK = 0, 1 << 26, 1 << 20
POINTS, QUICK_POINTS = 200_000, 20_000
# Where sin winds on, every number is judged by itself: derivatives at fewer of them then.
WINDING = {"sin(x)", "cos(x)", "tan(x)", "snake(x)"}


def activations():
    """Elementwise activations that need no argument but x."""
    names = []
    for line in subprocess.run([TOOL, "activations"], capture_output=True, text=True, check=True).stdout.splitlines():
        name = line.split("(")[0].split()[0]
        if name not in BASE:
            names.append(name)
    return names


def run(text, dtype, samples, derivatives, quick):
    """The certificate of one call of the tool, kept."""
    name = f"{text} {dtype} {derivatives}".replace("/", "")
    kept = KEPT / ("quick" if quick else "full") / f"{name}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    bound = ["--bound", "2" if text.startswith("pow") else "1" if dtype == "f32" else "1.5"] if text in BINARY else []
    command = [str(TOOL), "certify", text, "--dtype", dtype, "--derivatives", str(derivatives), "--json", *bound]
    if samples:
        command += ["--samples", str(samples)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 2:
        return None  # not elementwise, or more arguments than x
    if not done.stdout:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.with_suffix(".part").write_text(done.stdout)
    kept.with_suffix(".part").rename(kept)
    return json.loads(done.stdout)


def measure(text, dtype, quick):
    """All orders of one function in one type; each order says at how many arguments ("density")."""
    derivatives = 0 if text in BINARY else 2
    if dtype == "f64":
        result = run(text, dtype, QUICK_POINTS if quick else POINTS, derivatives, quick)
        for order in result["orders"] if result else []:
            order["density"] = f"{order['judged']:,} points"
        return result
    if quick:
        return run(text, dtype, QUICK_POINTS if text in WINDING else QUICK, derivatives, quick)
    name = text.split("(")[0]
    base = name in BASE or text in BINARY
    if not base:
        result = run(text, dtype, FULL if name in USED else SPARSE, 2, quick)
        for order in result["orders"] if result else []:
            order["density"] = "every float" if name in USED and not order["skipped"] else "every 64th float"
        return result
    # The value at every float, derivatives at one of 64.
    result = run(text, dtype, FULL, 0, quick)
    result["orders"][0]["density"] = "every float"
    if derivatives:
        more = run(text, dtype, QUICK if text in WINDING else SPARSE, 2, quick)
        for order in more["orders"][1:]:
            order["density"] = "every 4096th float" if text in WINDING else "every 64th float"
        result["orders"] += more["orders"][1:]
        result["holds"] = result["holds"] and more["holds"]
        result["seconds"] += more["seconds"]
    return result


def number(v):
    """A double from JSON, where infinities and NaN are text."""
    return float(v)


def ulp(v):
    v = number(v)
    return f"{v:.2f}" if v < 100 else f"{v:.2g}".replace("e+0", "e").replace("e+", "e") if math.isfinite(v) else "inf"


def cell(order):
    """Worst ulp and where; the error around zeros, in units of the last place of 1; the density if it is not full."""
    text = f"{ulp(order['worst_ulp'])}"
    if number(order["worst_ulp"]) > 0:
        text += f" at {number(order['worst']['x']):.6g}"
    if order.get("zeros"):
        text += f"; {order['worst_near_zeros']:.1f} u at zeros"
    return text + ("\\*" if "64th" in order["density"] else "\\*\\*" if "4096th" in order["density"] else "")


def peer_cell(peers, system, name, order):
    found = peers[system]["functions"].get(name, {}).get(str(order), {})
    if "worst_ulp" not in found:
        return "-"
    notes = [word for key, word in (("wrong_nan", "nan"), ("wrong_zero", "0"), ("wrong_infinity", "inf"),
                                    ("wrong_sign", "sign")) if found.get(key, {}).get("count")]
    return ulp(found["worst_ulp"]) + (f" ({', '.join(notes)})" if notes else "")


def table(rows, peers):
    systems = [s for s in peers if s != "about"] if peers else []
    head = ["function", "", "f32", "f64", *[f"{s}, f32" for s in systems]]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, by_type in rows:
        for k, label in enumerate(["value", "f'", "f''"]):
            if k >= len(by_type["f32"]["orders"]):
                continue
            cells = [f"`{name}`" if k == 0 else "", label]
            cells += [cell(by_type[t]["orders"][k]) for t in ("f32", "f64")]
            cells += [peer_cell(peers, s, name.split("(")[0] if name not in BINARY else name, k) for s in systems]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write(rows_base, rows_units, command):
    peers = json.loads(PEERS.read_text()) if PEERS.exists() else None
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
               platform.machine()) if pathlib.Path("/proc/cpuinfo").exists() else platform.machine()
    info = subprocess.run([TOOL, "info"], capture_output=True, text=True).stdout.strip().replace("\n", "; ")
    everything = [o for _, r in rows_base + rows_units for o in r["f32"]["orders"]]
    counted = sum(o["judged"] for o in everything)
    broken = [f"`{n}` {t} {('value', 'first derivative', 'second derivative')[o['order']]} ({ulp(o['worst_ulp'])} ulp)"
              for n, r in rows_base + rows_units for t in r for o in r[t]["orders"] if not o["holds"]]
    kept = ("No promise is broken, and no NaN, zero, infinity or sign is wrong, anywhere in these tables." if not broken
            else "Beyond what is promised: " + "; ".join(broken) + ". Everything else holds.")
    text = f"""# Accuracy

The worst error found of every function, its first and its second derivative, in units in the last place (ulp), and the
argument where it occurs. f32: at all {(1 << 32) - (1 << 24) + 2:,} numbers, but for cells marked \\* (one of 64 numbers, and all
edges) and \\*\\* (one of 4096: where sin winds on between neighbours); {counted:,} results in all. f64: at {POINTS:,}
structured points (every exponent, edges, kinks, where results overflow and vanish). The truth is real arithmetic with
proven bounds (Arb): within 2^-10 ulp, and within 2^-29 for sin, cos and tan of huge f32, where it is the C library's
double.

Within 0.2 of a real zero of a derivative, errors count in units u = 2^-24 (f32) or 2^-53 (f64) and not of the vanishing
result: those are given apart. A result below the smallest normal number may be off by 4 + |x| times the smallest
subnormal, and is counted in the worst ulp here all the same. What is promised: 1 ulp (f32) and 1.5 ulp (f64) of base
functions, 5 ulp of activations, 6 and 5 of their derivatives, 12 where a derivative has a real zero; gelu_tanh, whose
argument is ill-conditioned, 4 + 2|z| ulp. Derivatives of base functions that are no activations are measured, not promised.
{kept}

Every engine, instruction set and thread count gives the same bits, so one table covers them (x86-64-v2, which has no
fused multiply-add, is tested against the same bounds).

Measured {datetime.date.today()} with `{command}` on {cpu}; {info}.
"""
    if peers:
        about = peers["about"]
        text += (f"\nBeside it {' and '.join(s + ' ' + peers[s]['version'] for s in peers if s != 'about')} in f32 "
                 f"({about['device']}) at {about['arguments']}, where x and the truth are normal numbers: "
                 f"`{about['command']}`, {about['date']}. In brackets what else is wrong: NaN, 0, infinity or the sign.\n")
    text += "\n## Base functions\n\n" + table(rows_base, peers) + "\n\n## Activations\n\n" + table(rows_units, peers) + "\n"
    (ROOT / "docs" / "accuracy.md").write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--fresh", action="store_true", help="forget what has been measured")
    options = parser.parse_args()
    if options.fresh:
        for old in KEPT.glob(("quick" if options.quick else "full") + "/*.json"):
            old.unlink()
    broken, rows = [], ([], [])
    work = [(f"{n}(x)", 0) for n in BASE] + [(b, 0) for b in BINARY] + [(f"{n}(x)", 1) for n in activations()]
    for i, (text, group) in enumerate(work):
        row = {}
        for dtype in ("f32", "f64"):
            result = measure(text, dtype, options.quick)
            if result is None:
                break
            row[dtype] = result
            worst = ", ".join(ulp(o["worst_ulp"]) for o in result["orders"])
            print(f"[{i + 1}/{len(work)}] {text} {dtype}: {worst} ulp, {result['seconds']:.0f} s"
                  + ("" if result["holds"] else "  BROKEN"), flush=True)
            if not result["holds"]:
                broken.append(f"{text} {dtype}")
        else:
            rows[group].append((text, row))
    if not options.quick:
        write(rows[0], rows[1], "./dev accuracy")
        print("docs/accuracy.md is written")
    if broken:
        sys.exit("a promise is broken: " + ", ".join(broken))
    print(f"{len(rows[0]) + len(rows[1])} functions hold what is promised")


if __name__ == "__main__":
    main()
