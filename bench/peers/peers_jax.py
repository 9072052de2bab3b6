"""JAX on the cases, jitted; operations run when they are called, and one thread is one thread. See cases.py."""

import os
import time

import numpy as np

if int(os.environ.get("OMP_NUM_THREADS", "1")) == 1:
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_enable_compilation_cache", False)
jax.config.update("jax_cpu_enable_async_dispatch", False)  # cheaper for small work
jax.block_until_ready(jax.jit(lambda x: x + 1)(jnp.ones(3)))  # its start is nobody's compile time


def gelu(z):
    return jax.nn.gelu(z, approximate=False)


def cross_entropy(logits, labels):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1))


def mlp(p, x, y):
    h = jax.nn.silu(x @ p[0] + p[1])
    h = jax.nn.silu(h @ p[2] + p[3])
    return cross_entropy(h @ p[4] + p[5], y)


def wave(x):
    return jnp.exp(-x * x) * jnp.sin(x) + jnp.log1p(jnp.abs(x))


def wave_gradient(x):
    y, vjp = jax.vjp(wave, x)
    return y, vjp(jnp.ones_like(y))[0]


def silu_backward(x, dy):
    s = jax.nn.sigmoid(x)
    return dy * (s + x * s * (1 - s))


def student(theta, x):
    mu, s, nu = theta[0], theta[1], theta[2]
    z = (x - mu) * jnp.exp(-s)
    constant = jax.lax.lgamma((nu + 1) / 2) - jax.lax.lgamma(nu / 2) - 0.5 * jnp.log(nu * jnp.pi) - s
    return x.shape[0] * constant - (nu + 1) / 2 * jnp.sum(jnp.log1p(z * z / nu))


def burgers(p, points):
    def net(t, x):
        h = jnp.stack([t, x])
        for w, b in zip(p[0:6:2], p[1:6:2]):
            h = jnp.tanh(h @ w + b)
        return (h @ p[6] + p[7])[0]

    def residual(t, x):
        along_x = lambda x: net(t, x)
        slope = lambda x: jax.jvp(along_x, (x,), (jnp.ones_like(x),))[1]
        ux, uxx = jax.jvp(slope, (x,), (jnp.ones_like(x),))
        u, ut = jax.jvp(lambda t: net(t, x), (t,), (jnp.ones_like(t),))
        return ut + u * ux - 0.01 / np.pi * uxx

    return jnp.mean(jax.vmap(residual)(points[:, 0], points[:, 1]) ** 2)


def leaves(result):
    return [np.asarray(leaf) for leaf in jax.tree_util.tree_leaves(result)]


def variant(name, function, *arguments, outputs=leaves):
    compiled = jax.jit(function)
    return name, lambda: jax.block_until_ready(compiled(*arguments)), outputs


class Compile:
    """The first call less a second one, of a function that XLA has not seen."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __call__(self):
        pass

    def seconds(self):
        jax.clear_caches()
        compiled = jax.jit(lambda *a: self.function(*a))
        start = time.perf_counter()
        jax.block_until_ready(compiled(*self.arguments))
        between = time.perf_counter()
        jax.block_until_ready(compiled(*self.arguments))
        return 2 * between - start - time.perf_counter()


class NewBatch:
    def __init__(self, parameters):
        self.compiled, self.parameters, self.batch = jax.jit(jax.value_and_grad(mlp)), parameters, 100
        self.seconds()

    def __call__(self):
        pass

    def seconds(self):
        self.batch += 1
        x, y = jnp.ones((self.batch, 64), jnp.float32), jnp.zeros(self.batch, jnp.int32)
        start = time.perf_counter()
        jax.block_until_ready(self.compiled(self.parameters, x, y))
        return time.perf_counter() - start


def network(data):
    return [data[name] for name in ("W0", "b0", "W1", "b1", "W2", "b2")]


def variants(row, data, threads):
    d = {name: jnp.asarray(array) for name, array in data.items()}
    if row == "1":
        w, b = d["W"], d["b"]
        return [variant("W constant", lambda x: gelu(x @ w + b), d["X"]),
                variant("W argument", lambda x, w, b: gelu(x @ w + b), d["X"], w, b)]
    if row in ("2", "3"):
        loss = lambda x, w, b, c: jnp.sum(gelu(x @ w + b) * c)
        return [variant("", jax.value_and_grad(loss, (0, 1, 2)), d["X"], d["W"], d["b"], d["C"])]
    if row == "4":
        return [variant("", jax.value_and_grad(mlp), network(d), d["X"], d["y"])]
    if row == "5":
        layers = lambda x, w1, b1, w2, b2: jax.nn.relu(jax.nn.relu(x @ w1 + b1) @ w2 + b2)
        rest = (d["W1"], d["b1"], d["W2"], d["b2"])
        return [variant("W constant", lambda x: layers(x, *rest), d["x"]), variant("W argument", layers, d["x"], *rest)]
    if row == "6":
        return [variant("", lambda w, x, b: jax.nn.sigmoid(w @ x + b), d["W"], d["x"], d["b"])]
    if row == "7":
        return [variant("", lambda x, w: jnp.tanh(x @ w), d["X"], d["W"])]
    if row == "7g":
        return [variant("", jax.value_and_grad(lambda x, w: jnp.sum(jnp.tanh(x @ w)), (0, 1)), d["X"], d["W"])]
    if row == "8":
        return [variant("", wave, d["x"])]
    if row == "8g":
        return [variant("", wave_gradient, d["x"])]
    if row == "9" or row.startswith("10."):
        return [variant("", silu_backward, d["x"], d["dy"])]
    if row == "11":
        return [variant("", jax.value_and_grad(cross_entropy), d["L"], d["y"])]
    if row == "12":
        outputs = lambda r: [np.asarray(r[0]), *np.asarray(r[1])]
        return [variant("", jax.value_and_grad(student), d["theta"], d["x"], outputs=outputs)]
    if row == "13.4":
        return [("", Compile(jax.value_and_grad(mlp), network(d), d["X"], d["y"]), None)]
    if row == "13.8":
        return [("", Compile(wave_gradient, jnp.linspace(-3, 3, 1024, dtype=jnp.float32)), None)]
    if row == "13.n":
        return [("", NewBatch(network(d)), None)]
    if row == "14":
        parameters = [d[f"{kind}{i}"] for i in range(4) for kind in "Wb"]
        return [variant("jvp of jvp", jax.value_and_grad(burgers), parameters, d["X"])]
    return []
