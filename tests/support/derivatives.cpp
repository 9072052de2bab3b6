#include "support/derivatives.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace actinium::derivatives {

using reference::Array;

namespace {

std::vector<Domain> domains_of(const std::vector<std::vector<std::int64_t>>& shapes, double lo, double hi) {
  std::vector<Domain> list;
  for (const auto& shape : shapes) list.push_back({shape, lo, hi});
  return list;
}

}  // namespace

Problem::Problem(const std::vector<std::vector<std::int64_t>>& shapes, double lo, double hi)
    : Problem(domains_of(shapes, lo, hi)) {}

Problem::Problem(const std::vector<Domain>& domains) {
  for (std::size_t i = 0; i < domains.size(); ++i) {
    const Domain& d = domains[i];
    const std::string name = "x" + std::to_string(i);
    x.push_back(g.input(name, Shape(std::vector<Dim>(d.shape.begin(), d.shape.end()))));
    values[name] = reference::random(d.shape, d.lo, d.hi, static_cast<unsigned>(i) + 5);
  }
}

/// Weights make every element of the result count differently.
Expr Problem::weighted(const Expr& y) {
  if (y.rank() == 0) return y;
  return sum(y * (1.0 + 0.37 * reshape(g.iota({y.shape().size()}), y.shape().dims())));
}

void Problem::check_scalar(const Expr& scalar, double tolerance) {
  verify(Module{g.data(), g.data()->inputs(), {scalar.id()}});
  const std::vector<Expr> gradients = grad(scalar, x);
  const auto at = [&](const std::string& name, std::size_t k, double value) {
    reference::Inputs moved = values;
    moved[name].data[k] = value;
    return reference::evaluate(scalar, moved).data[0];
  };
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::string name = "x" + std::to_string(i);
    ASSERT_EQ(gradients[i].shape(), x[i].shape());
    const Array got = reference::evaluate(gradients[i], values);
    for (std::size_t k = 0; k < got.data.size(); ++k) {
      const double v = values[name].data[k], h = 1e-5, want = (at(name, k, v + h) - at(name, k, v - h)) / (2 * h);
      EXPECT_NEAR(got.data[k], want, tolerance * std::max(1.0, std::abs(want))) << name << "[" << k << "]";
    }
    const std::string direction = "d" + std::to_string(i);
    const Array d = values[direction] = reference::random(got.shape, -1, 1, 77);
    const double forward = reference::evaluate(jvp(scalar, x[i], g.input(direction, x[i].shape())), values).data[0];
    double reverse = 0, scale = 1;
    for (std::size_t k = 0; k < d.data.size(); ++k)
      reverse += d.data[k] * got.data[k], scale += std::abs(d.data[k] * got.data[k]);
    EXPECT_NEAR(forward, reverse, 1e-12 * scale) << name;
  }
}

void Problem::check_first(const Build& f) { check_scalar(weighted(f(x)), 1e-7); }

void Problem::check_second(const Build& f) {
  Expr total = 0.0;
  for (const Expr& d : grad(weighted(f(x)), x)) total += weighted(square(d) + d);
  check_scalar(total, 2e-5);
}

void Problem::check_engines(const Build& f) {
  const Expr y = f(x), scalar = weighted(y);
  std::vector<Expr> outputs = grad(scalar, x);
  outputs.push_back(y);
  outputs.push_back(hvp(scalar, x[0], x[0]));
  std::vector<Tensor> arguments;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Array& a = values["x" + std::to_string(i)];
    arguments.emplace_back(a.data, Shape(std::vector<Dim>(a.shape.begin(), a.shape.end())));
  }
  const std::vector<Tensor> slow = compile(x, outputs, {.engine = Engine::interpret})(arguments);
  const std::vector<Tensor> fast = compile(x, outputs, {.engine = Engine::jit})(arguments);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    EXPECT_TRUE(same_bits(slow[i], fast[i])) << outputs[i];
    const Array want = reference::evaluate(outputs[i], values);
    ASSERT_EQ(static_cast<std::size_t>(slow[i].size()), want.data.size());
    for (std::size_t k = 0; k < want.data.size(); ++k)
      EXPECT_NEAR(slow[i].span<double>()[k], want.data[k], 1e-12 * std::max(1.0, std::abs(want.data[k]))) << outputs[i];
  }
}

void Problem::check_rules(const Build& f) {
  check_first(f);
  check_second(f);
}

void Problem::check(const Build& f) {
  check_rules(f);
  check_engines(f);
}

}  // namespace actinium::derivatives
