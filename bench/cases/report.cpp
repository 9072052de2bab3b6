// See report.hpp. Ratios are of the fastest samples: all contenders were measured in turns.
#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>
#include <ostream>

namespace bench {
namespace {

const Timing* best_of_name(const Measured& m, const std::string& name) {
  const Timing* best = nullptr;
  for (const Timing& t : m.timings) {
    if (t.name == name && t.failure.empty() && t.samples > 0 && (best == nullptr || t.best < best->best)) best = &t;
  }
  return best;
}

bool is_ours(const Timing& t) { return t.name.starts_with("ours"); }

const Timing* best_peer(const Measured& m) {
  const Timing* best = nullptr;
  for (const Timing& t : m.timings) {
    if (!is_ours(t) && t.failure.empty() && t.samples > 0 && (best == nullptr || t.best < best->best)) best = &t;
  }
  return best;
}

enum class Verdict { met, missed, unknown };

struct Judged {
  std::string text;
  Verdict verdict;
};

Judged judge(const Measured& m, const Goal& goal) {
  const Timing* ours = best_of_name(m, goal.of);
  if (ours == nullptr) return {goal.of + ": no result", Verdict::missed};
  const std::string prefix = goal.of == "ours" ? "" : goal.of.substr(5) + ": ";
  if (goal.against == "seconds") {
    return {fmt::format("{}at most {}", prefix, time_text(goal.factor)),
            ours->best <= goal.factor ? Verdict::met : Verdict::missed};
  }
  if (goal.against == "limit") {
    const double share = m.limit / ours->best;
    return {fmt::format("{:.0f} % of limit: {:.1f}", goal.factor * 100, share * 100),
            share >= goal.factor ? Verdict::met : Verdict::missed};
  }
  const Timing* peer = best_of_name(m, goal.against);
  const std::string allowed = goal.allowance > 0 ? fmt::format(" + {:.0f} ns", goal.allowance * 1e9) : "";
  if (peer == nullptr)
    return {fmt::format("{}{:.3g} x {}{}: not measured", prefix, goal.factor, goal.against, allowed), Verdict::unknown};
  const double ratio = peer->best / std::max(ours->best - goal.allowance, 1e-12);
  return {fmt::format("{}{:.3g} x {}{}: {:.2f}", prefix, goal.factor, goal.against, allowed, ratio),
          ratio >= goal.factor ? Verdict::met : Verdict::missed};
}

std::string_view mark(Verdict v) {
  switch (v) {
    case Verdict::met: return "met";
    case Verdict::missed: return "MISSED";
    case Verdict::unknown: return "?";
  }
  return "";
}

/// The goals of the row, and the one that stands for all: to lose to no library.
std::vector<Judged> judge_all(const Measured& m) {
  std::vector<Judged> list;
  for (const Goal& g : m.goals) list.push_back(judge(m, g));
  const Timing* ours = best_of_name(m, "ours");
  for (const Timing& t : m.timings) {
    const bool by_hand = t.name == "hand" || t.name == hand_bounds;
    if (ours == nullptr || is_ours(t) || by_hand || best_of_name(m, t.name) != &t || t.best >= ours->best) continue;
    list.push_back({fmt::format("{} is faster: {:.2f}", t.name, t.best / ours->best), Verdict::missed});
  }
  return list;
}

Verdict overall(const Measured& m) {
  Verdict v = Verdict::met;
  for (const Judged& j : judge_all(m)) {
    if (j.verdict == Verdict::missed) return j.verdict;
    if (j.verdict == Verdict::unknown) v = j.verdict;
  }
  return v;
}

/// Names of peers in the order in which they first appear.
std::vector<std::string> peers_of(const std::vector<Measured>& all) {
  std::vector<std::string> names;
  for (const Measured& m : all) {
    for (const Timing& t : m.timings) {
      if (t.name != "ours" && std::find(names.begin(), names.end(), t.name) == names.end()) names.push_back(t.name);
    }
  }
  return names;
}

using Cells = std::vector<std::string>;

std::vector<Cells> cells_of(const std::vector<Measured>& all, bool with_what) {
  const std::vector<std::string> names = peers_of(all);
  std::vector<Cells> table{{"case"}};
  Cells& head = table.front();
  if (with_what) head.push_back("work");
  head.insert(head.end(), {"ours", "spread"});
  head.insert(head.end(), names.begin(), names.end());
  head.insert(head.end(), {"best peer / ours", "share of limit", "goals"});
  for (const Measured& m : all) {
    Cells row{m.key};
    if (with_what) row.push_back(m.what);
    const Timing* ours = best_of_name(m, "ours");
    row.push_back(ours ? time_text(ours->best / m.divide) : "failed");
    row.push_back(ours ? fmt::format("+{:.0f} %", 100 * (ours->upper / ours->best - 1)) : "");
    for (const std::string& name : names) {
      const Timing* t = best_of_name(m, name);
      const bool tried =
          std::any_of(m.timings.begin(), m.timings.end(), [&](const Timing& x) { return x.name == name; });
      row.push_back(t ? time_text(t->best / m.divide) : tried ? "failed" : "");
    }
    const Timing* peer = best_peer(m);
    row.push_back(ours && peer ? fmt::format("{:.2f}", peer->best / ours->best) : "");
    row.push_back(ours && m.limit > 0 ? fmt::format("{:.1f} % {}", 100 * m.limit / ours->best, m.limit_name) : "");
    row.emplace_back(mark(overall(m)));
    table.push_back(std::move(row));
  }
  return table;
}

/// Printed width of UTF-8.
std::size_t width_of(const std::string& s) {
  return static_cast<std::size_t>(std::count_if(s.begin(), s.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

void print_cells(std::ostream& out, const std::vector<Cells>& table, std::string_view separator, bool ruled) {
  std::vector<std::size_t> widths(table.front().size());
  for (const Cells& row : table) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  bool first = true;
  for (const Cells& row : table) {
    out << (ruled ? "| " : "");
    for (std::size_t i = 0; i < row.size(); ++i) {
      out << (i > 0 ? separator : "") << row[i] << std::string(widths[i] - width_of(row[i]), ' ');
    }
    out << (ruled ? " |\n" : "\n");
    if (ruled && first) {
      for (std::size_t width : widths) out << "|" << std::string(width + 2, '-');
      out << "|\n";
    }
    first = false;
  }
}

void print_goals(std::ostream& out, const std::vector<Measured>& all, std::string_view bullet) {
  for (const Measured& m : all) {
    for (const Judged& j : judge_all(m)) {
      if (j.verdict == Verdict::missed) out << bullet << m.key << ": " << j.text << " " << mark(j.verdict) << "\n";
    }
    for (const Timing& t : m.timings) {
      if (!t.failure.empty())
        out << bullet << m.key << ": " << t.name << (t.detail.empty() ? "" : ", " + t.detail) << ": " << t.failure
            << "\n";
    }
  }
}

/// Rows whose kernel by hand takes longer by more than this with functions that keep our bounds.
constexpr double costly = 0.05;

/// What of our distance to the kernel by hand is the price of our bounds, and what is left.
std::string cost_of_bounds(const Measured& m) {
  const Timing *ours = best_of_name(m, "ours"), *hand = best_of_name(m, "hand"), *kept = best_of_name(m, hand_bounds);
  if (ours == nullptr || hand == nullptr || kept == nullptr || kept->best <= (1 + costly) * hand->best) return "";
  return fmt::format("{}: our bounds cost {:.0f} %: by hand {}, at our bounds {}; ours {} = {:.2f} of it", m.key,
                     100 * (kept->best / hand->best - 1), time_text(hand->best / m.divide),
                     time_text(kept->best / m.divide), time_text(ours->best / m.divide), kept->best / ours->best);
}
/// Those of all rows under a heading, if there are any.
void print_costs(std::ostream& out, const std::vector<Measured>& all, std::string_view bullet, std::string_view gap) {
  bool first = true;
  for (const Measured& m : all) {
    const std::string line = cost_of_bounds(m);
    if (line.empty()) continue;
    if (first) out << "\nWhere our bounds cost a kernel by hand more than " << 100 * costly << " %:\n" << gap;
    out << bullet << line << "\n";
    first = false;
  }
}

std::string today() {
  const std::time_t t = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d", std::localtime(&t));
  return text;
}

}  // namespace

std::string time_text(double s) {
  const auto three = [](double v) {
    return v >= 99.95 ? fmt::format("{:.0f}", v) : v >= 9.995 ? fmt::format("{:.1f}", v) : fmt::format("{:.2f}", v);
  };
  if (s < 0.9995e-6) return three(s * 1e9) + " ns";
  if (s < 0.9995e-3) return three(s * 1e6) + " us";
  if (s < 0.9995) return three(s * 1e3) + " ms";
  return three(s) + " s";
}

std::string progress_line(const Measured& m) {
  std::string line = fmt::format("{:7}", m.key);
  for (const Timing& t : m.timings) {
    line += "  " + t.name + (t.detail.empty() || is_ours(t) ? "" : " (" + t.detail + ")") + " ";
    line += t.failure.empty() ? time_text(t.best / m.divide) : "FAILED: " + t.failure;
    if (t.error >= 0 && t.name != "ours") line += fmt::format(" [{:.0e}]", t.error);
  }
  for (const Judged& j : judge_all(m)) {
    if (j.verdict != Verdict::unknown) line += fmt::format("  | {} {}", j.text, mark(j.verdict));
  }
  return line;
}

void print_table(std::ostream& out, const std::vector<Measured>& all) {
  print_cells(out, cells_of(all, false), "  ", false);
  out << "\nTimes are of the fastest sample, spread is how much longer nine of ten are at most. Goals not met, and failures:\n";
  print_goals(out, all, "  ");
  print_costs(out, all, "  ", "");
}

void write_json(std::ostream& out, const std::vector<Measured>& all, const std::string& machine,
                const std::string& command) {
  out << nlohmann::json{{"machine", machine}, {"date", today()}, {"command", command}}.dump() << "\n";
  for (const Measured& m : all) {
    for (const Timing& t : m.timings) {
      nlohmann::json j{{"case", m.number}, {"row", m.key}, {"work", m.what}, {"peer", t.name}, {"variant", t.detail}};
      if (t.failure.empty()) {
        j.update({{"best_us", t.best * 1e6},
                  {"median_us", t.median * 1e6},
                  {"p90_us", t.upper * 1e6},
                  {"samples", t.samples}});
      } else {
        j["failure"] = t.failure;
      }
      if (t.error >= 0) j["difference"] = t.error;
      if (m.limit > 0) j.update({{"limit", m.limit_name}, {"limit_us", m.limit * 1e6}});
      if (m.divide > 1) j["points"] = m.divide;
      out << j.dump() << "\n";
    }
  }
}

void write_markdown(std::ostream& out, const std::vector<Measured>& all, const std::string& machine,
                    const std::string& command) {
  out << "Measured on " << today() << ": " << machine << "; `" << command << "`.\n\n";
  print_cells(out, cells_of(all, true), " | ", true);
  out << "\nGoals not met:\n\n";
  print_goals(out, all, "- ");
  print_costs(out, all, "- ", "\n");
}

}  // namespace bench
