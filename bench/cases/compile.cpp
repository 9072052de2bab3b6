// Case 13: from an expression to a function that can be called, without the cache; and a batch size not seen before.
#include <memory>

#include "network.hpp"

namespace bench {
namespace {

/// A compile is what is timed, by as many threads as there are cores.
Row compile_row(const Settings& settings, double bound, const std::function<void(const ac::CompileOptions&)>& compile) {
  Row row;
  row.pinned = false;
  row.goals = {{"seconds", bound}, {"JAX", 1}, {"torch", 1}};
  ac::CompileOptions options = settings.options();
  options.cache = false;
  row.contenders.push_back(
      {"ours", "expression, gradients and machine code", [compile, options] { compile(options); }});
  return row;
}

void for_peers(Row& row, const Mlp<ac::Tensor>& parameters) {
  const char* names[] = {"W0", "b0", "W1", "b1", "W2", "b2"};
  const std::vector<ac::Tensor> list = leaves(parameters);
  for (std::size_t i = 0; i < list.size(); ++i) row.input(names[i], list[i]);
  row.input("X", ac::random_normal(17, {32, 64}));
  row.input("y", random_labels(18, 32, 10));
}

Row cold_mlp(const Settings& settings) {
  const auto parameters = mlp_parameters();
  Row row = compile_row(settings, 40e-3,
                        [parameters](const ac::CompileOptions& options) { compile_mlp(options, parameters); });
  for_peers(row, parameters);
  return row;
}

Row cold_wave(const Settings& settings) {
  return compile_row(settings, 5e-3, [](const ac::CompileOptions& options) {
    ac::Graph g;
    const auto x = g.input("x", {"n"});
    const auto y = exp(-x * x) * sin(x) + log1p(abs(x));
    ac::compile({x}, {y, ac::grad(sum(y), x)}, options);
  });
}

/// A call with a batch size that the function has not seen: 1 to 512, then again with a fresh function.
Row new_batch(const Settings& settings) {
  struct State {
    Mlp<ac::Tensor> parameters = mlp_parameters();
    ac::Tensor x = ac::random_normal(17, {512, 64});
    ac::Tensor labels = random_labels(18, 512, 10);
    std::function<void(std::int64_t)> call;
    std::int64_t batch = 0;
  };
  auto state = std::make_shared<State>();
  const ac::CompileOptions options = settings.options();
  Row row;
  row.goals = {{"seconds", 1e-3}, {"JAX", 1}};
  for_peers(row, state->parameters);
  row.contenders.push_back({"ours", "first call of a batch size, 1 to 512", [state, options] {
                              if (state->batch % 512 == 0) {
                                const auto f = compile_mlp(options, state->parameters);
                                state->call = [f, s = state.get()](std::int64_t n) {
                                  f(s->parameters, ac::view(static_cast<const float*>(s->x.data<float>()), {n, 64}),
                                    ac::view(static_cast<const std::int32_t*>(s->labels.data<std::int32_t>()), {n}));
                                };
                              }
                              state->call(1 + state->batch++ % 512);
                            }});
  return row;
}

}  // namespace

void add_compile(std::vector<Entry>& entries) {
  entries.push_back({13, "13.4", "cold compile of case 4", cold_mlp});
  entries.push_back({13, "13.8", "cold compile of case 8g", cold_wave});
  entries.push_back({13, "13.n", "case 4 at a new batch size", new_batch});
}

}  // namespace bench
