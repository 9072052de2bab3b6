"""The arm of case 15 (Franka Emika's Panda, Denavit-Hartenberg after Craig) for any library of symbols."""

PANDA = [(0, .333, 0), (0, 0, -1), (0, .316, 1), (.0825, 0, 1), (-.0825, .384, -1), (0, 0, 1), (.088, 0, 1)]  # a, d, sine of twist
FLANGE = .107


def product(a, b):
    def entry(i, j):
        terms = [a[i][k] * b[k][j] for k in range(4) if not (is_zero(a[i][k]) or is_zero(b[k][j]))]
        return sum(terms[1:], terms[0]) if terms else 0.0
    return [[entry(i, j) for j in range(4)] for i in range(4)]


def is_zero(value):
    return isinstance(value, (int, float)) and value == 0


def kinematics(q, cos, sin, gradient, constant):
    """Position (3) and Jacobian (42, row-major) of the flange; gradient(e): the derivatives by each q; constant: of a number."""
    t = [[1.0 if i == j else 0.0 for j in range(4)] for i in range(4)]
    turns = [[], [], []]
    for (a, d, twist), angle in zip(PANDA, q):
        c, s, ca, sa = cos(angle), sin(angle), float(twist == 0), float(twist)
        link = [[c, -s, 0.0, a], [s * ca if ca else 0.0, c * ca if ca else 0.0, -sa, -d * sa],
                [s * sa if sa else 0.0, c * sa if sa else 0.0, ca, d * ca], [0.0, 0.0, 0.0, 1.0]]
        t = product(t, link)
        for k in range(3):
            turns[k].append(t[k][2])
    number = lambda e: constant(float(e)) if isinstance(e, (int, float)) else e
    position = [number(t[k][3] + FLANGE * t[k][2]) for k in range(3)]
    jacobian = [number(e) for p in position for e in gradient(p)] + [number(e) for row in turns for e in row]
    return position, jacobian
