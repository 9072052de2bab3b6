// A differential equation as a recurrence: hares and lynxes (Lotka, Volterra) in 200 steps of Runge and Kutta's method, whose four
// rates are found from what was counted. The steps are a scan: one compiled loop, forward and in reverse, so that the number of
// steps costs nothing to compile.
#include <actinium/actinium.h>

#include <cstdio>

#include "compiled.hpp"

namespace ac = actinium;
using ac::Expr;

template <class T>
struct Rates {
  BOOST_HANA_DEFINE_STRUCT(Rates, (T, birth), (T, hunt), (T, death), (T, food));
};
template <class T>
struct Animals {
  BOOST_HANA_DEFINE_STRUCT(Animals, (T, hares), (T, lynxes));
};
using Herd = Animals<Expr>;

Herd change(const Rates<Expr>& r, const Herd& a) {
  const Expr met = a.hares * a.lynxes;
  return {r.birth * a.hares - r.hunt * met, r.food * met - r.death * a.lynxes};
}

Herd moved(const Herd& a, const Herd& d, double time) { return {a.hares + time * d.hares, a.lynxes + time * d.lynxes}; }

Herd step(const Rates<Expr>& r, const Herd& a, double h) {
  const Herd k1 = change(r, a), k2 = change(r, moved(a, k1, h / 2)), k3 = change(r, moved(a, k2, h / 2)), k4 = change(r, moved(a, k3, h));
  return {a.hares + h / 6 * (k1.hares + 2 * k2.hares + 2 * k3.hares + k4.hares),
          a.lynxes + h / 6 * (k1.lynxes + 2 * k2.lynxes + 2 * k3.lynxes + k4.lynxes)};
}

/// The animals after each step.
Herd story(const Rates<Expr>& r, const Herd& start, const ac::Dim& steps) {
  const auto next = [&](const Herd& a) {
    const Herd later = step(r, a, 0.05);
    return std::pair{later, later};  // what is carried on, and what is told
  };
  return ac::scan(next, start, {.length = steps}).second;
}

Expr error(const Rates<Expr>& r, const Herd& start, const Herd& counted) {
  const Herd told = story(r, start, counted.hares.shape()[0]);
  return ac::mean(square(told.hares - counted.hares)) + ac::mean(square(told.lynxes - counted.lynxes));
}

int main() {
  constexpr std::int64_t steps = 200;
  const Rates<double> truth{1.1, 0.4, 0.4, 0.1};
  const auto number = [](double x) { return ac::Tensor::scalar(x, ac::f64); };
  const Animals<ac::Tensor> start{number(10), number(10)};

  // What was counted: the same equations with the true rates.
  ac::Graph g{ac::f64};
  const Rates<Expr> r{g.input("birth", {}), g.input("hunt", {}), g.input("death", {}), g.input("food", {})};
  const Herd a{g.input("hares", {}), g.input("lynxes", {})}, told = story(r, a, steps);
  const auto tell = ac::compile({r.birth, r.hunt, r.death, r.food, a.hares, a.lynxes}, {told.hares, told.lynxes});
  compiled("200 steps", tell);
  const auto [hares, lynxes] = tell(truth.birth, truth.hunt, truth.death, truth.food, 10.0, 10.0);
  const Animals<ac::Tensor> counted{hares, lynxes};
  std::printf("after %d steps: %.4f hares, %.4f lynxes\n", static_cast<int>(steps), hares(steps - 1), lynxes(steps - 1));

  Rates<ac::Tensor> rates{number(1.0), number(0.35), number(0.45), number(0.12)};
  const Animals<ac::Spec> one{ac::spec({}, ac::f64), ac::spec({}, ac::f64)}, all{ac::spec({"steps"}, ac::f64), ac::spec({"steps"}, ac::f64)};
  const auto learn = ac::compile(ac::value_and_grad(error), rates, one, all);
  compiled("error and gradient, any number of steps", learn);
  ac::AdamState<Rates<ac::Tensor>> state;
  for (int i = 0; i <= 400; ++i) {
    const auto [loss, slopes] = learn(rates, start, counted);
    if (i % 100 == 0)
      std::printf("update %4d  error %.1e  birth %.4f  hunt %.4f  death %.4f  food %.4f\n", i, loss.item(), rates.birth.item(), rates.hunt.item(),
                  rates.death.item(), rates.food.item());
    ac::adam(rates, slopes, state, {.learning_rate = 1e-2});
  }
  std::printf("true                       birth %.4f  hunt %.4f  death %.4f  food %.4f\n", truth.birth, truth.hunt, truth.death, truth.food);
}
