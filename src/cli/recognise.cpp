// `actinium recognise`: the rules by which textbook formulas are repaired, what each is worth, and docs/recognise.md. Start reading
// at run_recognise.
#include <actinium/recognise.h>
#include <fmt/format.h>

#include <cmath>

#include "command.hpp"

namespace actinium::cli {
namespace {

constexpr std::string_view head =
    R"md(<!-- Written by ./dev docs from the table of rules (src/passes/recognise_rules.cpp); a test compares the names. -->
# Formulas that are recognised

A formula that a textbook writes may be right on paper and wrong in floating-point numbers: `log(1 + exp(x))` overflows from 88.7
and its slope is NaN there, `s*(1 - s)` is 0 from 16.6 on. Actinium recognises the formulas below, in any order and association,
through intermediate variables, with either spelling of a sign, a quotient or a power, under a factor, and computes what stands
beside them instead: before they are differentiated (`grad`, `vjp`, `jvp`, `jacobian`, `jet`, ...), so that derivatives of every
order are those of the better form, and when they are compiled. Rules marked *value* keep the derivative of the formula as it is
written, which is the better one.

`f.explain()`, `f.recognised()` and `actinium show --explain` say what was recognised and on which line; `actinium show --stage
recognised` shows the expression afterwards. To compute everything as it is written: `ac::Graph g(ac::f64, {.recognise = false})`,
or `--no-recognise` in the tool. Definitions of activations (`define`, `--load`) are looked into where they are used. A formula
stays as it is where a rule is not known to be at least as accurate: sums are not taken apart to find a pattern among other terms,
constants count as they are held (0.797885 is not sqrt(2/pi) in f64), and what a derivative is asked for (`grad(y, h)`, h an
expression) is not looked into. What cannot be repaired is found by `check_finite` and warned of by `warnings()`
([debugging.md](debugging.md)).

Below, the worst errors in ulp of the formula as written and as recognised, value and first derivative, over all numbers: at every
power of two, at 0 and infinity, around the constants of the formula, and at random (`actinium recognise NAME` measures one). `wrong`
is NaN, 0, an infinity or a number where the truth is another. Near a real zero of a derivative the unit is 2^-24 or 2^-53. The
truth is real arithmetic with proven bounds. Reductions are measured over rows of three. The worst error over all numbers never
grows by more than 1 ulp (3 where the truth is subnormal). At a single number, the formula as written may happen to be nearer to the truth than its roundings let one
expect, and the better form (whose own error stands in the table) some ulp further than it; but nowhere is it further by more than 1
ulp than the formula as written or, if that is more, than the roundings of its operations may add up to, by first-order error
analysis. tests/fuzz holds both, in random spellings.
)md";

std::string number(double ulp) {
  if (std::isinf(ulp)) return "wrong";
  return ulp < 100 ? fmt::format("{:.1f}", ulp) : ulp < 1e6 ? fmt::format("{:.0f}", ulp) : fmt::format("{:.0e}", ulp);
}

std::string pair_of(const RuleAccuracy& a) { return fmt::format("{} → {}", number(a.before), number(a.after)); }

RuleCertificate measured(const std::string& name, DType type, const RecogniseChoices& choices) {
  return certify_rule(name, type, {choices.samples, choices.seed, choices.spelling, choices.threads});
}

std::string markdown(const RecogniseChoices& choices) {
  std::string text(head);
  text += "\n| rule | as written | as computed | avoids | f32 | f32 slope | f64 | f64 slope |\n|---|---|---|---|---|---|---|---|\n";
  for (const RecognitionRule& r : recognition_rules()) {
    const RuleCertificate f = measured(r.name, f32, choices), d = measured(r.name, f64, choices);
    text += fmt::format("| {}{} | `{}` | `{}` | {} | {} | {} | {} | {} |\n", r.name, r.differentiated ? "" : " (*value*)", r.from, r.to,
                        r.why, pair_of(f.orders[0]), pair_of(f.orders[1]), pair_of(d.orders[0]), pair_of(d.orders[1]));
  }
  return text;
}

std::string report(const RuleCertificate& c) {
  std::string text = fmt::format("{} {}: {}{}\n", c.rule.name, name_of(c.dtype), c.spelling, c.fired ? "" : ": NOT RECOGNISED");
  for (std::size_t k = 0; k < 2; ++k) {
    const RuleAccuracy& a = c.orders[k];
    text += fmt::format("  {:<6} {} numbers: worst {} ulp before (x = {}: {} instead of {}), {} after (x = {}: {} instead of {})\n",
                        k == 0 ? "value" : "slope", a.judged, number(a.before), a.worst_before.x, a.worst_before.result,
                        a.worst_before.truth, number(a.after), a.worst_after.x, a.worst_after.result, a.worst_after.truth);
    text += fmt::format("         at no number worse by more than {} ulp (x = {}: {} instead of {}), than its roundings allow by {} (x = {})\n",
                        number(a.worse_by), a.worse_at.x, a.worse_at.result, a.worse_at.truth, number(a.beyond_rounding), a.beyond_at.x);
  }
  return text;
}

}  // namespace

int run_recognise(const RecogniseChoices& choices) {
  if (choices.markdown) {
    print(markdown(choices));
    return 0;
  }
  if (!choices.name.empty() && choices.name != "all") {
    print(report(measured(choices.name, f32, choices)) + report(measured(choices.name, f64, choices)));
    return 0;
  }
  std::string text;
  for (const RecognitionRule& r : recognition_rules()) {
    if (choices.name == "all")
      text += report(measured(r.name, f32, choices)) + report(measured(r.name, f64, choices));
    else
      text += fmt::format("{:<26} {}  ->  {}\n", r.name, r.from, r.to);
  }
  print(text);
  return 0;
}

}  // namespace actinium::cli
