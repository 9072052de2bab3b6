// lstm: the loss of a recurrent network with elementwise weights over a sequence of bits, and its gradient in all
// parameters.
#include <gtest/gtest.h>

#include <array>

#include "problems/real.hpp"

namespace actinium::problems {
namespace {

struct Sizes {
  int layers, steps, width;
};

// --- Scalar by scalar. ---

Real sigmoid_of(const Real& x) { return 1 / (1 + exp(-x)); }

/// v: main parameters [2 layers, 4 width], then in_weight, out_weight, out_bias.
Real reference(const Reals& v, Reals state, const Reals& sequence, const Sizes& s) {
  const auto b = static_cast<std::size_t>(s.width), layers = static_cast<std::size_t>(s.layers);
  const Real* extra = &v[8 * layers * b];
  Real loss = 0;
  for (std::size_t t = 0; t + 1 < static_cast<std::size_t>(s.steps); ++t) {
    Reals x, y;
    for (std::size_t i = 0; i < b; ++i) x.push_back(sequence[t * b + i] * extra[i]);
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const Real *weight = &v[8 * layer * b], *bias = weight + 4 * b;
      for (std::size_t i = 0; i < b; ++i) {
        Real &hidden = state[2 * layer * b + i], &cell = state[(2 * layer + 1) * b + i];
        const Real forget = sigmoid_of(x[i] * weight[i] + bias[i]),
                   in = sigmoid_of(hidden * weight[b + i] + bias[b + i]);
        const Real out = sigmoid_of(x[i] * weight[2 * b + i] + bias[2 * b + i]),
                   change = tanh(hidden * weight[3 * b + i] + bias[3 * b + i]);
        cell = cell * forget + in * change;
        hidden = out * tanh(cell);
        x[i] = hidden;
      }
    }
    Real sum = 2;
    for (std::size_t i = 0; i < b; ++i) {
      y.push_back(x[i] * extra[b + i] + extra[2 * b + i]);
      sum += exp(y.back());
    }
    for (std::size_t i = 0; i < b; ++i) loss += sequence[(t + 1) * b + i] * (y[i] - log(sum));
  }
  return -loss / ((s.steps - 1) * s.width);
}

// --- As an expression. ---

/// Parameters and state by layer.
struct Cell {
  Expr hidden, cell;
};

/// One layer's step; `weight` and `bias` are [forget, in, out, change].
Cell step(const Expr& weight, const Expr& bias, const Expr& x, const Cell& before) {
  const auto gate = [&](const Expr& from, int i) { return from * at(weight, i) + at(bias, i); };
  const Expr forget = sigmoid(gate(x, 0)), in = sigmoid(gate(before.hidden, 1)), out = sigmoid(gate(x, 2)),
             change = tanh(gate(before.hidden, 3));
  const Expr cell = before.cell * forget + in * change;
  return {out * tanh(cell), cell};
}

Expr objective(const Expr& main, const Expr& extra, const Expr& state, const Expr& sequence, const Sizes& s) {
  const Expr by_gate = reshape(main, {2 * s.layers, 4, s.width});
  std::vector<Expr> start;
  for (int i = 0; i < 2 * s.layers; ++i) start.push_back(at(state, i));
  const auto one = [&](const std::vector<Expr>& before, const std::pair<Expr, Expr>& bits) {
    std::vector<Expr> after;
    Expr x = bits.first * at(extra, 0);
    for (int l = 0; l < s.layers; ++l) {
      const auto i = static_cast<std::size_t>(2 * l);
      const Cell cell = step(at(by_gate, 2 * l), at(by_gate, 2 * l + 1), x, {before[i], before[i + 1]});
      after.insert(after.end(), {cell.hidden, cell.cell});
      x = cell.hidden;
    }
    const Expr y = x * at(extra, 1) + at(extra, 2);
    return std::pair{after, sum(bits.second * (y - log(2.0 + sum(exp(y)))))};
  };
  const Expr losses = scan(one, start, std::pair{slice(sequence, 0, -1), slice(sequence, 1)}).second;
  return -sum(losses) / static_cast<double>((s.steps - 1) * s.width);
}

TEST(Problems, Lstm) {
  for (const Sizes& s : {Sizes{2, 6, 3}, Sizes{1, 3, 14}}) {
    SCOPED_TRACE(s.layers);
    const auto count = [](std::int64_t a) { return static_cast<std::size_t>(a); };
    const Doubles mains = uniform(count(8 * s.layers * s.width), 41, -1, 1),
                  extras = uniform(count(3 * s.width), 42, -1, 1),
                  states = uniform(count(2 * s.layers * s.width), 43, -1, 1);
    Doubles sequences = uniform(count(s.steps * s.width), 44);
    for (double& e : sequences) e = e > 0.5;
    Graph g{f64};
    const Expr main = g.input("main", {2 * s.layers, 4 * s.width}), extra = g.input("extra", {3, s.width});
    const Expr state = g.input("state", {2 * s.layers, s.width}), sequence = g.input("sequence", {s.steps, s.width});
    const Expr y = objective(main, extra, state, sequence, s);
    const auto [dmain, dextra] = grad(y, main, extra);
    const auto got = run({main, extra, state, sequence}, {y, dmain, dextra},
                         {Tensor(mains, {2 * s.layers, 4 * s.width}), Tensor(extras, {3, s.width}),
                          Tensor(states, {2 * s.layers, s.width}), Tensor(sequences, {s.steps, s.width})});
    Reals v = reals(mains);
    v.insert(v.end(), extras.begin(), extras.end());
    const auto f = [&](const Reals& at) { return Reals{reference(at, reals(states), reals(sequences), s)}; };
    const Reals want = jacobian_of(f, v);
    expect_close("objective", got[0], f(v));
    expect_close("main parameters", got[1],
                 Reals(want.begin(), want.begin() + static_cast<std::ptrdiff_t>(mains.size())));
    expect_close("extra parameters", got[2],
                 Reals(want.begin() + static_cast<std::ptrdiff_t>(mains.size()), want.end()));
  }
}

}  // namespace
}  // namespace actinium::problems
