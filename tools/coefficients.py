#!/usr/bin/env python3
"""Fits every coefficient of src/math and writes src/math/coefficients.hpp.

    python3 -m pip install mpmath
    python3 tools/coefficients.py            # all: rewrites src/math/coefficients.hpp
    python3 tools/coefficients.py erf atan   # fits only names that start so, prints them, writes nothing

Each entry of FITS is a weighted minimax polynomial (Remez exchange on a Chebyshev grid, in 60 digits). Coefficients are
rounded to the type and then moved by single ulps while that helps; the error printed beside an entry is that of the
rounded polynomial. Start reading at FITS.
"""
import math
import sys
from pathlib import Path

import mpmath as mp

mp.mp.dps = 60


def round_to(kind, x):
    """x rounded once to f32 or f64, as an mpf."""
    if kind == "f64":
        return mp.mpf(float(x))
    with mp.workprec(24):
        return +mp.mpf(x)


def top_bits(x, count):
    """x rounded to `count` significant bits."""
    with mp.workprec(count):
        return +mp.mpf(x)


def solve_exchange(basis, target, weight, points):
    """Coefficients and levelled error with alternating sign at the given points."""
    n = len(points)
    a = mp.matrix(n, n)
    b = mp.matrix(n, 1)
    for row, i in enumerate(points):
        for column, values in enumerate(basis):
            a[row, column] = values[i] * weight[i]
        a[row, n - 1] = mp.mpf(1 - 2 * (row % 2))
        b[row] = target[i] * weight[i]
    solution = mp.lu_solve(a, b)
    return [solution[i] for i in range(n - 1)], abs(solution[n - 1])


def remez(grid, basis, target, weight):
    """Minimax coefficients for target over the grid in the span of basis (lists of values on the grid)."""
    count = len(basis) + 1
    points = [round(i * (len(grid) - 1) / (count - 1)) for i in range(count)] if count > 1 else [0]
    best = None
    for _ in range(40):
        coefficients, level = solve_exchange(basis, target, weight, points)
        error = [weight[i] * (target[i] - mp.fdot(coefficients, [v[i] for v in basis])) for i in range(len(grid))]
        worst = max(abs(e) for e in error)
        if best is None or worst < best[1]:
            best = coefficients, worst
        if worst <= level * mp.mpf("1.0001"):
            break
        # One extremum in each run of equal sign; the largest ones that still alternate.
        runs = []
        for i, e in enumerate(error):
            if e == 0:
                continue
            if runs and (error[runs[-1]] > 0) == (e > 0):
                if abs(e) > abs(error[runs[-1]]):
                    runs[-1] = i
            else:
                runs.append(i)
        while len(runs) > count:
            if len(runs) == count + 1:
                runs.pop(0 if abs(error[runs[0]]) < abs(error[runs[-1]]) else -1)
            else:
                k = min(range(len(runs) - 1), key=lambda j: max(abs(error[runs[j]]), abs(error[runs[j + 1]])))
                del runs[k:k + 2]
        if len(runs) < count or runs == points:
            break
        points = runs
    return best


def improved(kind, coefficients, residue, basis):
    """Moves rounded coefficients by an ulp, one or two at a time, while the worst of |residue| shrinks (in doubles)."""
    steps = [float(abs(c)) * 2.0 ** -24 if c else 0.0 for c in coefficients]
    steps = [2.0 ** (math.frexp(s)[1] + (1 if kind == "f32" else -28)) if s else 0.0 for s in steps]
    error = [float(r) for r in residue]
    columns = [[float(v) * s for v in b] for b, s in zip(basis, steps)]
    moves = [(i, u, i, 0) for i in range(len(steps)) for u in (-1, 1)]
    moves += [(i, u, j, w) for i in range(len(steps)) for j in range(i) for u in (-1, 1) for w in (-1, 1)]
    worst, shifts = max(map(abs, error)), [0] * len(steps)
    while True:
        best = None
        for i, u, j, w in moves:
            limit = worst * 0.999
            if all(abs(e - u * a - w * b) < limit for e, a, b in zip(error, columns[i], columns[j])):
                worst = max(abs(e - u * a - w * b) for e, a, b in zip(error, columns[i], columns[j]))
                best = i, u, j, w
        if best is None:
            return [c + k * mp.mpf(s) for c, k, s in zip(coefficients, shifts, steps)]
        i, u, j, w = best
        shifts[i] += u
        shifts[j] += w
        error = [e - u * a - w * b for e, a, b in zip(error, columns[i], columns[j])]


def fit(kind, degree, f, lo, hi, weight):
    """Polynomial of `degree` for f on [lo, hi], coefficients rounded to kind; (coefficients, worst weighted error)."""
    count = 24 * (degree + 2)
    lo, hi = mp.mpf(lo), mp.mpf(hi)
    grid = [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * (i + mp.mpf(1) / 2) / count) for i in range(count)]
    target, weights = [f(x) for x in grid], [weight(x) for x in grid]
    basis = [[x ** k for x in grid] for k in range(degree + 1)]
    coefficients, _ = remez(grid, basis, target, weights)
    coefficients = [round_to(kind, c) for c in coefficients]
    error = lambda: [w * (t - mp.fdot(coefficients, b)) for t, w, b in zip(target, weights, zip(*basis))]
    coefficients = improved(kind, coefficients, error(), [[v * w for v, w in zip(b, weights)] for b in basis])
    assert all(c == round_to(kind, c) for c in coefficients)
    return coefficients, max(map(abs, error()))


def series_quotient(f, terms, power, x):
    """(f(x) - sum terms) / x^power without cancellation, also at 0 where the limit is taken nearby."""
    if abs(x) < mp.mpf(10) ** -8:
        x = mp.mpf(10) ** -8
    with mp.workdps(120):
        return (f(x) - terms(x)) / x ** power


def in_square(f, terms, power):
    """z -> (f(sqrt z) - terms) / sqrt(z)^power."""
    return lambda z: series_quotient(f, terms, power, mp.sqrt(max(z, mp.mpf(10) ** -16)))


def fit_rational(degrees, f, lo, hi, weight):
    """Coefficients of P and of Q, rounded to f64, and the worst weighted error."""
    m, n = degrees
    count, lo, hi = m + n + 1, mp.mpf(lo), mp.mpf(hi)
    nodes = [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * (i + mp.mpf(1) / 2) / count) for i in range(count)]
    rows = [[x ** j for j in range(m + 1)] + [-f(x) * x ** j for j in range(1, n + 1)] for x in nodes]
    solution = [round_to("f64", c) for c in mp.lu_solve(mp.matrix(rows), mp.matrix([f(x) for x in nodes]))]
    p, q = solution[:m + 1], [mp.mpf(1)] + solution[m + 1:]
    grid = [lo + (hi - lo) * i / 500 for i in range(501)]
    return p, q, max(abs(weight(x) * (f(x) - mp.polyval(p[::-1], x) / mp.polyval(q[::-1], x))) for x in grid)


LN2 = mp.log(2)
QUARTER_PI = mp.pi / 4
HALF_LN2 = LN2 / 2 * mp.mpf("1.002")
expm1_quotient = lambda r: series_quotient(mp.exp, lambda x: 1 + x, 2, r)
log_quotient = lambda f: series_quotient(mp.log1p, lambda x: x - x * x / 2, 3, f)
log_rest = lambda g: series_quotient(mp.log1p, lambda x: x, 2, g)
exp2_quotient = lambda r: series_quotient(lambda x: mp.mpf(2) ** x, lambda x: 1, 1, r)
expm1_tail = lambda r: series_quotient(mp.exp, lambda x: 1 + x + x * x / 2, 3, r)
exp2_tail = lambda r: series_quotient(lambda x: mp.mpf(2) ** x, lambda x: 1 + x * LN2, 2, r)
sin_quotient = in_square(mp.sin, lambda x: x, 3)
cos_quotient = in_square(mp.cos, lambda x: 1 - x * x / 2, 4)
tanh_quotient = in_square(mp.tanh, lambda x: x, 3)
sinh_quotient = in_square(mp.sinh, lambda x: x, 3)
cosh_quotient = in_square(mp.cosh, lambda x: 1, 2)
atan_quotient = in_square(mp.atan, lambda x: x, 3)
asin_quotient = in_square(mp.asin, lambda x: x, 3)
erf_quotient = in_square(mp.erf, lambda x: x, 1)
atanh_quotient = in_square(lambda s: 2 * mp.atanh(s), lambda s: 2 * s, 3)


atanh_tail = in_square(lambda s: 2 * mp.atanh(s), lambda s: 2 * s + 2 * s ** 3 / 3, 5)


def erfcx_shifted(k):
    """t -> (exp(a^2) erfc(a) (1 + 3/2 a) - 1)/v with v = 2a/(a + k) = 1 + t."""
    def g(t):
        v = max(1 + t, mp.mpf(10) ** -20)
        a = k * v / (2 - v)
        with mp.workdps(90):
            return (mp.exp(a * a) * mp.erfc(a) * (1 + 3 * a / 2) - 1) / v
    return g


def erfcx_scaled(t):
    """t -> exp(a^2) erfc(a) (a + 4) with t = (a - 4)/(a + 4)."""
    a = 4 * (1 + t) / (1 - t)
    with mp.workdps(90):
        return mp.exp(a * a) * mp.erfc(a) * (a + 4)


ERF_SPLIT = {"f32": mp.mpf("0.9375"), "f64": mp.mpf(1)}
ERF_END = {"f32": mp.mpf("3.95"), "f64": mp.mpf("5.95")}
ERFC_END = {"f32": mp.mpf("10.1"), "f64": mp.mpf("27.3")}


def erf_tail(kind):
    return lambda t: -mp.log(mp.erfc(t + ERF_SPLIT[kind]))


def erfc_v(kind):
    return 2 * ERFC_END[kind] / (ERFC_END[kind] + 4)


# name, what it is, {kind: degree}, f, lo, hi, weight (error is relative to the result, or to what the comment says)
FITS = [
    ("exp_q", "(e^r - 1 - r)/r^2 on |r| <= ln2/2", {"f64": 9}, expm1_quotient, -HALF_LN2, HALF_LN2,
     lambda r: r * r / mp.exp(r)),
    ("exp_t", "(e^r - 1 - r)/r^2 on |r| <= ln2/32", {"f32": 1}, expm1_quotient, -HALF_LN2 / 16, HALF_LN2 / 16, lambda r: r * r / mp.exp(r)),
    ("expm1_q", "(e^r - 1 - r - r^2/2)/r^3 on |r| <= 0.7 ln2", {"f32": 4, "f64": 10}, expm1_tail, -LN2 * 0.702, LN2 * 0.702,
     lambda r: abs(r) ** 3 / abs(mp.expm1(r)) if r else mp.mpf(0)),
    ("exp2_q", "(2^r - 1 - r log 2)/r^2 on |r| <= 1/2", {"f32": 5, "f64": 10}, exp2_tail, -0.501, 0.501, lambda r: r * r / mp.mpf(2) ** r),
    ("ln_q", "(log(1+f) - f + f^2/2)/f^3 on [-0.293, 0.4143]", {"f32": 7}, log_quotient, -0.293, 0.4143,
     lambda f: abs(f) ** 3 / abs(mp.log1p(f)) if f else mp.mpf(0)),
    ("log_q", "the same for log2 and log10, which have less error to spare", {"f32": 8}, log_quotient, -0.293, 0.4143,
     lambda f: abs(f) ** 3 / abs(mp.log1p(f)) if f else mp.mpf(0)),
    ("log1p_q", "(log(1+f) - f + f^2/2)/f^3 on [-1/4, 1/2]", {"f32": 8}, log_quotient, -0.25, 0.5,
     lambda f: abs(f) ** 3 / abs(mp.log1p(f)) if f else mp.mpf(0)),
    ("log1p_t", "(log(1+g) - g)/g^2 on [-3/80, 1/8] (f32), [-3/80, 1/16]", {"f32": 4, "f64": 8}, log_rest, mp.mpf("-0.0375"),
     {"f32": mp.mpf("0.1251"), "f64": mp.mpf("0.0626")},
     lambda g: g * g / abs(mp.log1p(g)) if g else mp.mpf(0)),
    ("inverse_p", "(1/(1 + f) - 1)/f on [-1/4, 1/2]; f64 takes the same", {"f32": 1}, lambda f: -1 / (1 + f), -0.25, 0.5, abs),
    ("log_r", "(2 atanh(s) - 2s)/s^3 in z = s^2, |s| <= 1/5", {"f64": 7}, atanh_quotient, 0, 0.0402, lambda z: z / 2),
    ("sin_s", "(sin r - r)/r^3 in z = r^2, |r| <= pi/4", {"f32": 2, "f64": 5}, sin_quotient, 0, (QUARTER_PI * 1.005) ** 2, lambda z: z),
    ("cos_c", "(cos r - 1 + r^2/2)/r^4 in z = r^2, |r| <= pi/4", {"f32": 2, "f64": 5}, cos_quotient, 0, (QUARTER_PI * 1.005) ** 2,
     lambda z: z * z),
    ("tanh_s", "(tanh x - x)/x^3 in z = x^2, |x| <= 0.19; to 0.255 to fewer bits", {"f32": 2}, tanh_quotient,
     0, mp.mpf("0.255") ** 2, lambda z: z if z < mp.mpf("0.19") ** 2 else z / 8),
    ("erf_p", "erf(x)/x - 1 in x^2 - 1/2, |x| <= 0.9375 (f32), 1 (f64)", {"f32": 6, "f64": 12}, lambda w: erf_quotient(w + 0.5), -0.5,
     {k: v ** 2 - 0.5 for k, v in ERF_SPLIT.items()}, lambda w: mp.mpf(1)),
    ("erf_q", "-log erfc(a) in a - 0.9375 (f32), a - 1 (f64); error is that of erf", {"f32": 6, "f64": 17}, erf_tail,
     0, {k: ERF_END[k] - ERF_SPLIT[k] for k in ERF_SPLIT},
     {k: (lambda t, c=ERF_SPLIT[k]: mp.erfc(t + c)) for k in ERF_SPLIT}),
    ("erfc_f", "(exp(a^2) erfc(a) (1 + 3/2 a) - 1)/v in v - 1, v = 2a/(a + 4)", {"f64": 24},
     erfcx_shifted(4), -1, erfc_v("f64") - 1, lambda t: 1 + t),
    ("erfcf_g", "exp(a^2) erfc(a) (a + 4) in (a - 4)/(a + 4), for f32 erfc", {"f64": 10}, erfcx_scaled, -1, erfc_v("f32") - 1,
     lambda t: 1 / erfcx_scaled(t)),
    ("erfcf_exp_q", "(e^r - 1 - r)/r^2 on |r| <= ln2/2, for f32 erfc", {"f64": 4}, expm1_quotient, -HALF_LN2, HALF_LN2,
     lambda r: r * r / mp.exp(r)),
    ("atan_s", "(atan t - t)/t^3 in w = t^2 - 1/2, |t| <= 1", {"f32": 8, "f64": 20}, lambda w: atan_quotient(w + 0.5), -0.5, 0.5,
     lambda w: (w + 0.5) ** 1.5 / mp.atan(mp.sqrt(w + 0.5)) if w > -0.5 else mp.mpf(0)),
    ("asin_s", "(asin x - x)/x^3 in z = x^2, |x| <= 1/2", {"f32": 4, "f64": 12}, asin_quotient, 0, 0.2501, lambda z: z),
    ("powf_log_r", "(2 atanh(s) - 2s)/s^3 in z = s^2, |s| <= 1/5, for f32 pow", {"f64": 4}, atanh_quotient, 0, 0.0402, lambda z: z / 2),
    ("powf_exp2_p", "(2^r - 1)/r on |r| <= 1/2, for f32 pow", {"f64": 6}, exp2_quotient, -0.5, 0.5, lambda r: abs(r) / mp.mpf(2) ** r),
    ("pow_log_t", "(2 atanh(s) - 2s - 2/3 s^3)/s^5 in z = s^2, |s| <= 0.1716", {"f64": 6}, atanh_tail, 0, 0.0296,
     lambda z: z * z / 2),
    ("cbrt_r", "((1 - h)^(-1/3) - 1)/h", {"f32": 1, "f64": 2}, lambda h: (mp.cbrt(1 / (1 - h)) - 1) / h, "-0.1035", "0.1035", abs),
    ("hypot_r", "1/(2 r) for r in [2, 4 sqrt 2]; f64 takes the same", {"f32": 2}, lambda r: 1 / (2 * r), 2, "5.657", lambda r: 2 * r),
    ("sinh_s", "(sinh r - r)/r^3 in z = r^2, |r| <= 1.04", {"f32": 3, "f64": 7}, sinh_quotient, 0, mp.mpf("1.041") ** 2, lambda z: z),
    ("cosh_c", "(cosh r - 1)/r^2 in z = r^2, |r| <= 1.04", {"f32": 3, "f64": 7}, cosh_quotient, 0, mp.mpf("1.041") ** 2, lambda z: z),
]


# Rational functions P/Q, Q(0) = 1: name, what it is, degrees of P and Q, f, lo, hi, weight. They interpolate at the zeros of a
# Chebyshev polynomial, which is within a bit of the best.
RATIONALS = [
    ("tanh_r", "(tanh x - x)/x^3 in z = x^2, |x| <= 0.625", (2, 3), tanh_quotient, 0, mp.mpf("0.625") ** 2, lambda z: z),
]

# Constants in two or more parts: name, what it is, value, {kind: bits of each part but the last}. A product of a part of b bits
# with an integer of at most 24 - b (f32), 53 - b (f64) bits is exact.
SPLITS = [
    ("ln2", "log 2", LN2, {"f32": [16], "f64": [42]}),
    ("ln2_half", "log 2", LN2, {"f32": [12], "f64": [26]}),
    ("ln2_short", "log 2", LN2, {"f32": [11]}),
    ("log10_2", "log10 2", mp.log10(2), {"f32": [16], "f64": [42]}),
    ("log2e", "1/log 2", 1 / LN2, {"f32": [12], "f64": [26]}),
    ("log10e", "1/log 10", 1 / mp.log(10), {"f32": [12], "f64": [26]}),
    ("half_pi", "pi/2", mp.pi / 2, {"f32": [24], "f64": [53]}),
    ("pi", "pi", mp.pi, {"f32": [24], "f64": [53]}),
    ("turn", "pi/2 for the reduction of angles", mp.pi / 2, {"f32": [24, 24], "f64": [53, 53]}),
    ("two_thirds", "2/3", mp.mpf(2) / 3, {"f64": [53]}),
    ("log2e_wide", "1/log 2 in two full parts", 1 / LN2, {"f64": [53]}),
    ("normtail_slope", "3/2 sqrt(1/2)", 1.5 / mp.sqrt(2), {"f64": [53]}),
]
NUMBERS = [("inverse_ln2", "1/log 2", 1 / LN2), ("inverse_half_pi", "2/pi", 2 / mp.pi)]
# Anchors of tanh in f32: the middles of eighths of the octaves of x + 5/8, up to 10; 0 below 3/16. The last two are where few
# floats are left below 1.
TANH_ANCHORS = [mp.mpf(0)] * 3 + [mp.mpf(2) ** e * (2 * k + 1) / 16 - mp.mpf(5) / 8
                                  for e in range(-1, 4) for k in range(8, 16)][5:32]
TANH_ANCHORS += [mp.atanh(1 - n * mp.mpf(2) ** -24) for n in (5, 1)]


def near_single(functions, x, step=mp.mpf("5e-7")):
    """An f32 near x, at most 4000 relative steps from it, at which functions are almost f32: a table of them needs no second
    part."""
    def distance(a):
        values = [f(a) for f in functions]
        return max(abs(y - round_to("f32", y)) / mp.mpf(2) ** (mp.frexp(y)[1] - 24) for y in values)
    best = x
    for i in range(1, 4000):
        a = round_to("f32", x * (1 + (i if i % 2 else -i) * step))
        if distance(a) < distance(best):
            best = a
        if distance(best) < mp.mpf(2) ** -11:
            break
    return best


def log_anchors(kind):
    """Of 16 equal parts of the bit patterns of [3/4, 3/2): a number c near the reciprocal of the middle such that -log c is
    almost a multiple of 2^-17 (f32), 2^-42; and this. 1 and 0 in the two parts beside 1 (f32: three). c is a multiple
    of 2^-22, 2^-50, so that c 2^-e - 1 is exact up to e = 2, 3."""
    unit, error, stride, last = {"f32": (17, 32, 1, 22), "f64": (42, 60, 12345671, 50)}[kind]
    anchors = []
    for i in range(16):
        middle = (mp.mpf(3) / 4 + mp.mpf(2 * i + 1) / 64) if i < 8 else 1 + mp.mpf(2 * (i - 8) + 1) / 32
        if i in (6, 9):
            middle = mp.mpf("0.9541") if i == 6 else mp.mpf("1.0865")  # less cancels at the part's end at 1
        if i in (7, 8) or (kind == "f32" and i == 9):
            anchors.append((mp.mpf(1), mp.mpf(0)))
            continue
        nearest = int(mp.nint(mp.log(middle) * 2 ** unit))
        steps = sorted(range(-4000, 4001), key=abs)
        candidates = ((mp.nint(mp.ldexp(mp.exp(-t), last)) / 2 ** last, t)
                      for t in (mp.mpf(nearest + s * stride) / 2 ** unit for s in steps))
        enough = mp.mpf(2) ** -(error - 2 if i == 6 else error - 1 if i > 10 else error)
        anchors.append(next((c, t) for c, t in candidates if abs(mp.log(c) + t) < enough))
    return anchors


def of_kind(x, kind):
    return x[kind] if isinstance(x, dict) else x


def literal(x):
    """A C++ literal of exactly this value."""
    text = float(x).hex()
    mantissa, _, exponent = text.partition("p")
    return f"{mantissa.rstrip('0').rstrip('.')}p{exponent}" if "." in mantissa else text


def array(kind, name, values):
    """One constexpr array, wrapped."""
    lines, line = [], f"inline constexpr {kind} {name}[] = {{"
    for i, v in enumerate(values):
        word = v + ("," if i + 1 < len(values) else "};")
        if len(line) + 1 + len(word) > 118:
            lines.append(line.rstrip())
            line = "    "
        line += word + " "
    return lines + [line.rstrip()]


def polynomials(selected):
    lines = []
    for name, text, degrees, f, lo, hi, weight in FITS:
        if selected and not any(name.startswith(s) for s in selected):
            continue
        for kind, degree in degrees.items():
            g = f(kind) if f is erf_tail else f
            coefficients, error = fit(kind, degree, g, of_kind(lo, kind), of_kind(hi, kind), of_kind(weight, kind))
            lines.append(f"/// {text}: error 2^{mp.nstr(mp.log(error, 2), 4)}.")
            lines += array("double", f"{name}_{kind}", [literal(c) for c in coefficients])
    return lines


def rationals():
    lines = []
    for name, text, degrees, f, lo, hi, weight in RATIONALS:
        p, q, error = fit_rational(degrees, f, lo, hi, weight)
        lines.append(f"/// {text}: numerator and denominator, error 2^{mp.nstr(mp.log(error, 2), 4)}.")
        lines += array("double", f"{name}_p_f64", [literal(c) for c in p])
        lines += array("double", f"{name}_q_f64", [literal(c) for c in q])
    return lines


def tail_about(anchor, degree):
    """2^32 normcdf(-a) in r = a - anchor, |r| <= 3/32: coefficients rounded to f32 one after the other, each time fitting
    those that are left; and their error."""
    def f(r):
        return mp.mpf(2) ** 31 * mp.erfc((anchor + r) / mp.sqrt(2))
    count, end = 24 * (degree + 1), mp.mpf(3) / 32 + mp.mpf(2) ** -12
    grid = [end * mp.cos(mp.pi * (i + mp.mpf(1) / 2) / count) for i in range(count)]
    grid = [r for r in grid if anchor or r > 0]
    target, weight = [f(r) for r in grid], [1 / f(r) for r in grid]
    coefficients = [round_to("f32", f(0))]
    rest = lambda: [t - mp.polyval(coefficients[::-1], r) for t, r in zip(target, grid)]
    for k in range(1, degree + 1):
        best, _ = remez(grid, [[r ** j for r in grid] for j in range(k, degree + 1)], rest(), weight)
        coefficients.append(round_to("f32", best[0]))
    return coefficients, max(abs(t * w) for t, w in zip(rest(), weight))


def tail_tables():
    anchors = [mp.mpf(0)] + [near_single([lambda a: mp.erfc(a / mp.sqrt(2))], mp.mpf(3) / 16 * i, mp.mpf(2) ** -22)
                             for i in range(1, 32)]
    tables, error = zip(*[tail_about(a, 7) for a in anchors])
    lines = ["/// The anchors of normtail in f32, 3/16 apart, where it is almost an f32.",
             f"inline constexpr int normtail_anchors = {len(anchors)};"]
    lines += array("double", "normtail_anchor", [literal(a) for a in anchors])
    lines.append(f"/// 2^32 normcdf(-a) in a - anchor, a row for each power: error 2^{mp.nstr(mp.log(max(error), 2), 4)}.")
    rows = []
    for row in zip(*tables):
        rows += array("", "", [literal(c) for c in row])
        rows[-1] = rows[-1].replace(";", ",")
    rows = [r.replace("inline constexpr  [] = ", "    ") for r in rows]
    return lines + ["inline constexpr double normtail_c[][normtail_anchors] = {"] + rows + ["};"]


def constants():
    lines = []
    for name, text, value, kinds in SPLITS:
        for kind, parts in kinds.items():
            rest, values = value, []
            for count in parts:
                values.append(top_bits(rest, count))
                rest -= values[-1]
            values.append(round_to(kind, rest))
            lines.append(f"/// {text}, in parts of {', '.join(map(str, parts))} bits and the rest.")
            lines += array("double", f"{name}_{kind}", [literal(v) for v in values])
    for name, text, value in NUMBERS:
        lines += [f"/// {text}.", f"inline constexpr double {name} = {literal(round_to('f64', value))};"]
    powers = [mp.mpf(2) ** (mp.mpf(i) / 16) for i in range(16)]
    lines.append("/// 2^(i/16) for exp in f32, and what is left of it.")
    lines += array("double", "sixteenth_powers", [literal(round_to("f32", p)) for p in powers])
    lines += array("double", "sixteenth_powers_low", [literal(round_to("f32", p - round_to("f32", p))) for p in powers])
    anchors = [near_single([mp.tanh, lambda a: 1 - mp.tanh(a) ** 2], a) if a else a for a in TANH_ANCHORS]
    lines.append("/// The anchors of tanh in f32, where it is almost an f32, and their tanh.")
    lines += array("double", "tanh_anchor", [literal(a) for a in anchors])
    lines += array("double", "tanh_of_anchor", [literal(round_to("f32", mp.tanh(a))) for a in anchors])
    lines.append("/// 1 - tanh^2 of them.")
    lines += array("double", "sech2_of_anchor", [literal(round_to("f32", 1 - mp.tanh(a) ** 2)) for a in anchors])
    lines.append("/// For log1p: a factor for each sixteenth of [3/4, 3/2), and minus its logarithm, a multiple of 2^-17, 2^-42.")
    for kind in ("f32", "f64"):
        anchors = log_anchors(kind)
        lines += array("double", f"log_factor_{kind}", [literal(c) for c, _ in anchors])
        lines += array("double", f"log_of_factor_{kind}", [literal(t) for _, t in anchors])
    with mp.workdps(500):
        limbs = int(mp.floor(2 / mp.pi * mp.mpf(2) ** (32 * 38)))
    words = [(limbs >> (32 * (37 - i))) & 0xffffffff for i in range(38)]
    lines.append("/// The bits of 2/pi after 64 zeros, 32 in each, for the reduction of huge angles.")
    lines += array("std::uint64_t", "inverse_half_pi_bits", [hex(w) for w in [0, 0] + words])
    return lines


def main(selected):
    body = polynomials(selected)
    if selected:
        print("\n".join(body))
        return
    head = ["// Coefficients and constants of src/math. Written by tools/coefficients.py, which says how; do not edit.", "#pragma once",
            "// clang-format off", "#include <cstdint>", "", "namespace actinium::math::coefficients {", ""]
    path = Path(__file__).resolve().parent.parent / "src/math/coefficients.hpp"
    path.write_text("\n".join(head + body + rationals() + tail_tables() + constants() + ["", "}  // namespace actinium::math::coefficients", ""]))


if __name__ == "__main__":
    main(sys.argv[1:])
