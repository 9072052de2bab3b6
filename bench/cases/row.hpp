// A row of the table: one piece of work, who does it (ours first), what bounds it, and what is asked of us. Each case's
// file builds its rows; start reading at Row, then elementwise.cpp for the simplest of them.
#pragma once
#include <actinium/actinium.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bench {

namespace ac = actinium;

struct Settings {
  double seconds = 0.5;  ///< spent on each contender of a row
  int threads = 1;
  /// Counts the time that the thread had a core, not that of the wall: for a machine that others use too.
  bool cpu_time = false;
  bool native = true;  ///< native libraries and hand-written kernels beside ours
  ac::CompileOptions options() const { return {.threads = threads}; }
};

/// The column of kernels by hand with functions that keep our bounds.
inline constexpr const char* hand_bounds = "hand, bounds";

/// Somebody who does the work of a row.
struct Contender {
  std::string name;    ///< "ours", "hand", "oneDNN", ...: a column of the table, which shows its best
  std::string detail;  ///< how: "packed W, post-op gelu"
  /// Does the work once, writing `outputs`.
  std::function<void()> run;
  /// What is compared with ours, in ours' order; empty: nothing.
  std::vector<ac::Tensor> outputs = {};
  /// Seconds of `count` calls, measured elsewhere (another process), in place of `run`.
  std::function<double(int count)> sample = {};
};

/// What the machine allows: a probe measured among the contenders, whose time multiplied by `scale` is the least
/// possible.
struct Limit {
  std::string name;  ///< "FMA f32", "read", "memory"
  std::function<void()> probe;
  double scale = 1;
};

/// Their time over ours is at least `factor`, when ours is let off `allowance` seconds. Against "limit": the share of
/// the limit. Against "seconds": our time is at most `factor`.
struct Goal {
  std::string against;
  double factor;
  double allowance = 0;
  std::string of = "ours";  ///< which of our contenders
};

struct Row {
  std::vector<Goal> goals = {};
  double tolerance = 2e-4;  ///< of outputs, relative to the largest element of ours
  double divide = 1;        ///< the times printed are of one of so many points
  bool scales = false;      ///< bound by arithmetic, and long enough for several threads
  bool pinned = true;       ///< with one thread: to one core
  std::optional<Limit> limit = {};
  /// What other processes get, by name.
  std::vector<std::pair<std::string, ac::Tensor>> inputs = {};
  std::vector<Contender> contenders = {};

  /// Declares data that all contenders use.
  ac::Tensor input(const std::string& name, ac::Tensor t) {
    inputs.emplace_back(name, t);
    return t;
  }
};

/// How a row is made: only when it is asked for, as data may be large.
struct Entry {
  int number;       ///< of the case
  std::string key;  ///< of the row, "8g"
  std::string what;
  std::function<Row(const Settings&)> make;
};

/// Our compiled function, called with the same arrays and into the same results each time.
inline Contender ours(const ac::FunctionBase& f, const std::vector<ac::Tensor>& inputs,
                      std::vector<ac::Tensor> outputs) {
  std::vector<ac::ArrayRef> in(inputs.begin(), inputs.end());
  std::vector<ac::MutableArrayRef> out(outputs.begin(), outputs.end());
  auto run = [f, inputs, in, out] {
    f.call(std::span<const ac::ArrayRef>(in), std::span<const ac::MutableArrayRef>(out));
  };
  return {"ours", "", std::move(run), std::move(outputs)};
}
/// The same bound once.
inline Contender ours_bound(const ac::FunctionBase& f, const std::vector<ac::Tensor>& inputs,
                            std::vector<ac::Tensor> outputs) {
  std::vector<ac::ArrayRef> in(inputs.begin(), inputs.end());
  std::vector<ac::MutableArrayRef> out(outputs.begin(), outputs.end());
  auto step =
      std::make_shared<ac::Bound>(f.bind(std::span<const ac::ArrayRef>(in), std::span<const ac::MutableArrayRef>(out)));
  return {"ours bound", "", [step, inputs] { (*step)(); }, std::move(outputs)};
}

/// Results for another contender.
inline std::vector<ac::Tensor> same_shapes(const std::vector<ac::Tensor>& list) {
  std::vector<ac::Tensor> fresh;
  for (const ac::Tensor& t : list) fresh.push_back(ac::Tensor::zeros_like(t));
  return fresh;
}

// Limits. `flops` counts a fused multiply-add as two.
Limit fma_limit(double flops, ac::DType dtype, int threads);
/// Reading all of these once, wherever they lie.
Limit read_limit(std::vector<ac::Tensor> arrays);
/// Reading some arrays and writing others of `bytes` each with non-temporal stores.
Limit stream_limit(int reads, int writes, std::size_t bytes);

// The cases; each file adds its rows.
void add_layer(std::vector<Entry>& entries);          // 1, 2, 3
void add_mlp(std::vector<Entry>& entries);            // 4
void add_one_row(std::vector<Entry>& entries);        // 5, 6
void add_narrow(std::vector<Entry>& entries);         // 7
void add_elementwise(std::vector<Entry>& entries);    // 8, 9, 10
void add_cross_entropy(std::vector<Entry>& entries);  // 11
void add_student(std::vector<Entry>& entries);        // 12
void add_compile(std::vector<Entry>& entries);        // 13
void add_burgers(std::vector<Entry>& entries);        // 14
void add_arm(std::vector<Entry>& entries);            // 15

}  // namespace bench
