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
ENTRIES = {"f32": 0, "f64": 400_000}
QUICK = {"f32": 1 << 20, "f64": 20_000}
# Where sin winds on, every number is judged by itself: fewer of them then.
WINDING = {"sin(x)", "cos(x)", "tan(x)", "snake(x)"}


def activations():
    """Elementwise activations that need no argument but x."""
    names = []
    for line in subprocess.run([TOOL, "activations"], capture_output=True, text=True, check=True).stdout.splitlines():
        name = line.split("(")[0].split()[0]
        if name not in BASE:
            names.append(name)
    return names


def measure(text, dtype, quick):
    samples = (QUICK if quick else ENTRIES)[dtype]
    if quick and text in WINDING:
        samples = QUICK["f64"]
    kept = KEPT / ("quick" if quick else "full") / f"{text} {dtype}.json".replace("/", "")
    if kept.exists():
        return json.loads(kept.read_text())
    two = text in BINARY
    bound = ["--bound", "2" if text.startswith("pow") else "1" if dtype == "f32" else "1.5"] if two else []
    derivatives = "0" if two else "2"
    command = [str(TOOL), "certify", text, "--dtype", dtype, "--derivatives", derivatives, "--json", *bound]
    if samples:
        command += ["--samples", str(samples)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 2:
        return None  # not elementwise, or more arguments than x
    if not done.stdout:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    result = json.loads(done.stdout)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.with_suffix(".part").write_text(done.stdout)
    kept.with_suffix(".part").rename(kept)
    return result


def number(v):
    """A double from JSON, where infinities and NaN are text."""
    return float(v)


def ulp(v):
    v = number(v)
    return f"{v:.2f}" if v < 100 else f"{v:.2g}".replace("e+0", "e").replace("e+", "e") if math.isfinite(v) else "inf"


def cell(order):
    """Worst ulp and where; and the error around zeros, in units of the last place of 1."""
    text = f"{ulp(order['worst_ulp'])}"
    if number(order["worst_ulp"]) > 0:
        text += f" at {number(order['worst']['x']):.6g}"
    if order.get("zeros"):
        text += f"; {order['worst_near_zeros']:.1f} u at zeros"
    return text


def peer_cell(peers, system, name, order):
    try:
        found = peers["systems"][system]["functions"][name][str(order)]
    except KeyError:
        return "-"
    text = ulp(found["worst_ulp"])
    notes = [word for key, word in (("wrong_nan", "nan"), ("wrong_zero", "0"), ("wrong_infinity", "inf"))
             if found.get(key, 0)]
    return text + (f" ({', '.join(notes)})" if notes else "")


def table(rows, peers):
    systems = list(peers["systems"]) if peers else []
    head = ["function", "", "f32", "f64", *[f"{s} f32" for s in systems]]
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
    skipped = sorted({n for n, r in rows_base + rows_units for o in r["f32"]["orders"] if o["skipped"]})
    text = f"""# Accuracy

The worst error found of every function, its first and its second derivative, in units in the last place (ulp), and the
argument where it occurs. f32: at all {(1 << 32) - (1 << 24) + 3:,} numbers, {counted:,} results in all; f64: at {ENTRIES['f64']:,} structured
points (every exponent, edges, kinks, where results overflow and vanish). The truth is real arithmetic with proven
bounds (Arb): within 2^-10 ulp, and within 2^-29 for sin, cos and tan of huge f32, where it is the C library's double.
{("The derivatives of what winds on (" + ", ".join(f"`{n}`" for n in skipped) + ") are judged at one in 251 of the huge numbers.") if skipped else ""}

Within 0.2 of a real zero of a derivative, errors count in units of u = 2^-24 (f32) or 2^-53 (f64), not of the vanishing
result: those are given apart. A result below the smallest normal number may be off by 4 + |x| times the smallest
subnormal, and is counted in the worst ulp here all the same. No NaN, zero, infinity or sign is wrong anywhere in these
tables. Every engine, instruction set and thread count gives the same bits, so one table covers them (x86-64-v2, which
has no fused multiply-add, is tested against the same promises).

Measured {datetime.date.today()} with `{command}` on {cpu}. {info}.
"""
    if peers:
        text += f"\nBeside it {', '.join(s + ' ' + peers['systems'][s]['version'] for s in peers['systems'])} in f32, at {peers.get('inputs', 'the same inputs')} (`bench/peers/run`, {peers.get('date', '')}): worst ulp, and in brackets what else is wrong: NaN, 0 or infinite where the truth is a normal number.\n"
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
