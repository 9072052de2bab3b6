// The public call interface over FunctionImpl. Start reading at FunctionBase::call.
#include "actinium/function.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "actinium/error.h"
#include "runtime/function_impl.hpp"

namespace actinium {
namespace {

const runtime::FunctionImpl& checked(const std::shared_ptr<const runtime::FunctionImpl>& impl) {
  if (impl == nullptr) throw CallError("an empty Function: it was never given a compiled one");
  return *impl;
}

/// Arrays by name, put in the order of the inputs.
std::vector<ArrayRef> in_order(const std::vector<ArgumentInfo>& inputs, std::span<const NamedArray> arguments) {
  std::vector<const ArrayRef*> found(inputs.size(), nullptr);
  std::vector<std::string> names;
  for (const ArgumentInfo& input : inputs) names.push_back(input.name);
  for (const NamedArray& argument : arguments) {
    const auto at = std::find(names.begin(), names.end(), argument.name);
    if (at == names.end())
      throw CallError(fmt::format("no input is named {}: there are {}", argument.name, fmt::join(names, ", ")));
    const ArrayRef*& place = found[static_cast<std::size_t>(at - names.begin())];
    if (place != nullptr) throw CallError(fmt::format("{} is given twice", argument.name));
    place = &argument.array;
  }
  std::vector<ArrayRef> ordered;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i] == nullptr) throw CallError(fmt::format("{} is not given", names[i]));
    ordered.push_back(*found[i]);
  }
  return ordered;
}

std::vector<ArrayRef> arrays_of(std::span<const Tensor> tensors) {
  std::vector<ArrayRef> arrays;
  arrays.reserve(tensors.size());
  for (const Tensor& t : tensors) arrays.push_back(t.array());
  return arrays;
}

}  // namespace

std::string_view name_of(Stage stage) {
  switch (stage) {
    case Stage::graph: return "graph";
    case Stage::recognised: return "recognised";
    case Stage::simplified: return "simplified";
    case Stage::decomposed: return "decomposed";
    case Stage::kernels: return "kernels";
    case Stage::llvm: return "llvm";
    case Stage::assembly: return "assembly";
  }
  return "?";
}

Bound::Bound(std::unique_ptr<runtime::BoundImpl> impl) : impl_(std::move(impl)) {}
Bound::Bound(Bound&&) noexcept = default;
Bound& Bound::operator=(Bound&&) noexcept = default;
Bound::~Bound() = default;
void Bound::operator()() const { impl_->context.run_bound(); }

std::vector<KernelTime> Bound::profile(int runs) const {
  const std::vector<double> seconds = impl_->context.profile_bound(runs);
  const runtime::Plan& plan = *impl_->context.latest();
  std::vector<KernelTime> result;
  for (std::size_t k = 0; k < seconds.size(); ++k) {
    result.push_back({impl_->function->prepared.program->kernels[k].name, seconds[k], plan.kernels[k].flops,
                      plan.kernels[k].bytes});
  }
  return result;
}

void FunctionBase::call(std::span<const ArrayRef> inputs, std::span<const MutableArrayRef> outputs) const {
  runtime::ContextPool::Lease(checked(impl_).pool)->call(inputs, outputs);
}

void FunctionBase::call(std::span<const Tensor> inputs, std::span<Tensor> outputs) const {
  std::vector<MutableArrayRef> written(outputs.begin(), outputs.end());
  call(std::span<const ArrayRef>(arrays_of(inputs)), std::span<const MutableArrayRef>(written));
}

Bound FunctionBase::bind(std::span<const ArrayRef> inputs, std::span<const MutableArrayRef> outputs) const {
  checked(impl_);
  auto bound = std::make_unique<runtime::BoundImpl>(impl_);
  bound->context.bind(inputs, outputs);
  return Bound(std::move(bound));
}

Bound FunctionBase::bind(std::initializer_list<detail::Kept> inputs,
                         std::initializer_list<detail::KeptMutable> outputs) const {
  const std::vector<ArrayRef> read(inputs.begin(), inputs.end());
  const std::vector<MutableArrayRef> written(outputs.begin(), outputs.end());
  return bind(std::span<const ArrayRef>(read), std::span<const MutableArrayRef>(written));
}

const std::vector<ArgumentInfo>& FunctionBase::inputs() const { return checked(impl_).prepared.inputs; }
const std::vector<ArgumentInfo>& FunctionBase::outputs() const { return checked(impl_).prepared.outputs; }

void FunctionBase::results(std::span<const ArrayRef> inputs, std::span<Tensor> outputs) const {
  runtime::ContextPool::Lease(checked(impl_).pool)->call(inputs, outputs);
}

void FunctionBase::results(std::span<const NamedArray> inputs, std::span<Tensor> outputs) const {
  results(std::span<const ArrayRef>(in_order(this->inputs(), inputs)), outputs);
}

void FunctionBase::results(std::span<const Tensor> inputs, std::span<Tensor> outputs) const {
  results(std::span<const ArrayRef>(arrays_of(inputs)), outputs);
}

std::vector<Recognition> FunctionBase::recognised() const { return runtime::recognised(checked(impl_)); }
std::string FunctionBase::explain() const { return runtime::explain(checked(impl_)); }
std::string FunctionBase::show(Stage stage) const { return runtime::show(checked(impl_), stage); }

Stats FunctionBase::stats(const Bindings& sizes) const {
  const runtime::FunctionImpl& f = checked(impl_);
  Stats stats;
  stats.compile_seconds = f.seconds;
  stats.passes_seconds = f.passes_seconds;
  stats.engine_seconds = f.engine_seconds;
  stats.engine = f.prepared.interpreted ? "interpret" : "jit";
  stats.nodes = f.decomposed.graph->size();
  stats.kernels = f.prepared.program->kernels.size();
  const auto take = [&](const runtime::Plan& plan) {
    stats.flops = plan.flops;
    stats.bytes = plan.bytes;
    stats.workspace = plan.workspace_bytes;
  };
  if (sizes.empty() && !f.prepared.program->symbols.empty()) {
    const runtime::ContextPool::Lease context(f.pool);
    if (context->latest() != nullptr) take(*context->latest());
    return stats;
  }
  std::vector<ArrayRef> arrays;
  for (const ArgumentInfo& input : f.prepared.inputs)
    arrays.emplace_back(nullptr, input.dtype, input.shape.evaluate(sizes));
  take(*runtime::make_plan(f.prepared, arrays, std::nullopt));
  return stats;
}

namespace detail {

FunctionBase compile(const ExprList& inputs, std::span<const Expr> outputs, const CompileOptions& options) {
  return FunctionBase(runtime::compile(inputs.list(), outputs, options));
}

void eval(std::span<const Expr> outputs, std::span<const Feed> feeds, std::span<Tensor> results) {
  std::vector<Expr> inputs;
  std::vector<ArrayRef> arrays;
  for (const Feed& feed : feeds) {
    inputs.push_back(feed.input);
    arrays.push_back(feed.array);
  }
  const auto function = runtime::compile(inputs, outputs, {.engine = Engine::interpret});
  runtime::ContextPool::Lease(function->pool)->call(arrays, results);
}

}  // namespace detail
}  // namespace actinium
