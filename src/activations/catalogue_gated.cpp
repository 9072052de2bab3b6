// Gated activations: one operand opens or closes the other. Written at once as other nodes.
#include <fmt/format.h>

#include "activations/formula.hpp"
#include "ops/error.hpp"

#define F ACTINIUM_FORMULA

namespace actinium::activations {
namespace {

Expr call(std::string_view name, const Expr& x) {
  const std::array arguments{Argument("", x)};
  return apply(*find(name), arguments, std::source_location());
}

[[noreturn]] void fail(const Terms& t, std::string_view name, std::string_view text) {
  const GraphData* graph = t.x.is_bound() ? t.x.graph().get() : nullptr;
  ops::fail<ShapeError>(graph != nullptr ? graph->location(graph->ambient) : Location{}, name, text);
}

/// x in two halves along an axis: value and gate.
Expr glu(const Terms& t) {
  const int axis = static_cast<int>(t.options[0]);
  const Dim& size = t.x.shape()[axis];
  const auto half = size.divided_by(2);
  if (!half) fail(t, "glu", fmt::format("axis {} of {} does not divide in two halves", axis, t.x.shape().str()));
  const Expr a = slice(t.x, 0, *half, 1, axis), b = slice(t.x, *half, size, 1, axis);
  const Activation& gate = t.names[0];
  return t.options[1] == 0 ? a * gate(b) : gate(a) * b;
}

const Expr& same_shape(const Terms& t, std::string_view name) {
  if (t.x.is_bound() && t[0].is_bound() && t.x.shape() != t[0].shape())
    fail(t, name, fmt::format("gate {} and value {} must have one shape", t.x.shape().str(), t[0].shape().str()));
  return t[0];
}
Expr swiglu(const Terms& t) {
  const std::array arguments{Argument("", t.x), Argument("beta", t[1])};
  return apply(*find("silu"), arguments, std::source_location()) * same_shape(t, "swiglu");
}

Facts gated(std::string name, std::vector<Alias> aliases, std::string formula, std::string advice, Formula value) {
  Facts f{std::move(name), std::move(aliases)};
  f.operand = "gate";
  f.parameters = {{"value", std::nullopt, {}, Takes::array}};
  f.formula = std::move(formula);
  f.documentation = "Gate and value have one shape.";
  f.source = "Shazeer 2020";
  f.advice = std::move(advice);
  f.kind = Kind::composed;
  f.value = {value};
  return f;
}

}  // namespace

std::vector<Facts> gated_entries() {
  std::vector<Facts> list;
  Facts f{"glu", {{"GLU"}}};
  f.parameters = {{"axis", -1, {"dim"}, Takes::axis},
                  {"act", 0, {"activation"}, Takes::name, "", nullptr, {"sigmoid"}},
                  {"gate", 0, {}, Takes::text, "", nullptr, {"second", "first"}}};
  f.formula = "a*sigmoid(b), where a and b are the halves of x along axis";
  f.documentation = "The gate is the second half; act is any elementwise activation. An odd size is an error.";
  f.source = "Dauphin et al. 2016; PyTorch GLU, Keras, JAX";
  f.advice = "Convolutional sequence models; half of the channels gate the other half.";
  f.kind = Kind::composed;
  f.value = {glu};
  list.push_back(f);

  list.push_back(gated("reglu", {{"ReGLU"}}, "relu(gate)*value",
                       "Feed-forward parts of transformers: the gate is sparse.",
                       F(call("relu", x) * same_shape(t, "reglu"))));
  list.push_back(gated("geglu", {{"GEGLU"}, {"GeGLU"}}, "gelu(gate)*value",
                       "Feed-forward parts of transformers (T5 1.1, Gemma).",
                       F(call("gelu", x) * same_shape(t, "geglu"))));
  f = gated("swiglu", {{"SwiGLU"}}, "silu(gate, beta)*value", "Feed-forward parts of transformers (PaLM, LLaMA).",
            swiglu);
  f.parameters.push_back({"beta", 1.0, {"alpha"}});
  list.push_back(f);
  list.push_back(gated("bilinear", {{"Bilinear"}}, "gate*value",
                       "Gating without an activation: the baseline for the others.", F(x * same_shape(t, "bilinear"))));
  return list;
}

}  // namespace actinium::activations
