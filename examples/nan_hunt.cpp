// Three bugs that end in NaN, and how they are found: the first operation that makes NaN or an infinity of finite numbers throws, with
// the element, its operands and this file's line; and warnings() names the numbers at which it would happen before anything is called.
#include <actinium/actinium.h>

#include <cmath>
#include <cstdio>
#include <vector>

namespace ac = actinium;
using ac::Expr;

/// Rows of mean 0 and spread 1, as one writes it at first: a row of equal numbers has no spread.
Expr normalised(const Expr& x) {
  const Expr centred = x - mean(x, 1, true);
  const Expr spread = sqrt(mean(centred * centred, 1, true));
  return centred / spread;
}

/// The angle between directions: its slope is infinite where they are the same.
Expr angle(const Expr& u, const Expr& v) {
  const Expr cosine = sum(u * v, 1);
  return acos(cosine);
}

/// Steps of a population that is fished: nothing keeps it from falling below 0, where its logarithm is none.
Expr population(const Expr& start, const Expr& catches) {
  return scan([](const Expr& p, const Expr& caught) { return p - 0.3 * p * log(p / 100) - caught; }, start, catches);
}

/// What two ways of asking say of a function: the warnings, and the error of one call.
template <class... A>
int hunt(const char* title, const std::vector<Expr>& inputs, const Expr& y, const A&... arguments) {
  const auto fast = ac::compile(inputs, {y}, {.threads = 1});
  double total = 0;
  const ac::Tensor result = fast(arguments...);
  for (const double v : result.span<double>()) total += v;
  std::printf("%s: %s\n", title, std::isfinite(total) ? "finite" : "NaN or infinite");
  for (const ac::Warning& w : fast.warnings()) std::printf("  warning   %s: %s in %s\n            at %s\n", w.place.c_str(), std::string(name_of(w.kind)).c_str(), w.expression.c_str(), w.at.c_str());
  try {
    (void)ac::compile(inputs, {y}, {.threads = 1, .check_finite = true})(arguments...);
  } catch (const ac::NonFiniteError& e) {
    std::printf("  found     %s\n", e.what());
    return 1;
  }
  std::printf("  nothing to find\n");
  return 0;
}

int main() {
  ac::Graph g{ac::f64};
  const Expr x = g.input("x", {"rows", 4}), u = g.input("u", {"pairs", 2}), v = g.input("v", {"pairs", 2});
  const Expr start = g.input("start", {}), catches = g.input("catches", {"years"});
  const ac::Tensor rows{{1.0, 2.0, 3.0, 4.0}, {5.0, 5.0, 5.0, 5.0}}, us{{0.0, 1.0}, {1.0, 0.0}}, vs{{1.0, 0.0}, {1.0, 0.0}};

  int found = hunt("rows, normalised", {x}, normalised(x), rows);
  // All angles are finite; the gradient is not.
  const Expr angles = angle(u, v);
  found += 10 * hunt("angles", {u, v}, angles, us, vs);
  found += hunt("their gradient", {u, v}, grad(sum(angles), u), us, vs);
  found += hunt("a population", {start, catches}, population(start, catches), 60.0, std::vector<double>{10, 20, 40, 60, 20, 5});
  std::printf("%d bugs found\n", found);
  return found == 3 ? 0 : 1;
}
