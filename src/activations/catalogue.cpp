// The registry: builtin entries, the user's, look-up by name. Start reading at find.
#include "activations/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/hana.hpp>
#include <cctype>
#include <charconv>
#include <map>
#include <mutex>

#include "ops/error.hpp"

namespace actinium::activations {
namespace {

namespace hana = boost::hana;

// The names of the public header, at compile time: each once.
#define X(name) , BOOST_HANA_STRING(#name)
constexpr auto builtin_names = hana::drop_front(hana::make_tuple(hana::int_c<0> ACTINIUM_ACTIVATIONS(
    X) ACTINIUM_MASKED_ACTIVATIONS(X) ACTINIUM_REDUCING_ACTIVATIONS(X) ACTINIUM_AXIS_ACTIVATIONS(X)));
#undef X
static_assert(hana::size(hana::to_set(builtin_names)) == hana::size(builtin_names), "an activation is declared twice");

struct Registry {
  std::mutex mutex;
  std::vector<std::shared_ptr<const Entry>> entries;
  std::map<std::string, Found, std::less<>> names;

  Registry() {
    for (auto family : {piecewise_entries, exponential_entries, sigmoid_entries, gaussian_entries, gated_entries,
                        axis_entries, extra_entries, losses_entries})
      for (Facts& f : family()) insert(std::make_shared<const Entry>(std::move(f)));
  }

  void insert(const std::shared_ptr<const Entry>& e) {
    entries.push_back(e);
    insert(e->facts().name, {e});
    for (const Alias& a : e->facts().aliases) insert(a.name, {e, a.presets, a.order});
  }
  void insert(const std::string& name, Found found) {
    if (!names.emplace(name, std::move(found)).second) throw InternalError("two activations are called " + name);
  }
};

Registry& registry() {
  static Registry r;
  return r;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same =
          std::tolower(static_cast<unsigned char>(a[i - 1])) == std::tolower(static_cast<unsigned char>(b[j - 1]));
      const std::size_t best = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (same ? 0 : 1)});
      diagonal = row[j];
      row[j] = best;
    }
  }
  return row[b.size()];
}

std::optional<Found> look_up(std::string_view name) {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  const auto at = r.names.find(name);
  return at == r.names.end() ? std::nullopt : std::optional<Found>(at->second);
}

}  // namespace

std::vector<std::shared_ptr<const Entry>> all() {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  return r.entries;
}

std::optional<Found> find(std::string_view name, compat system) {
  if (name.empty() || name == "None" || name == "none") name = "linear";
  const auto in_system = [&](Found found) {
    for (Argument& a : presets_of(name, found.entry->facts().name, system)) found.presets.push_back(std::move(a));
    return found;
  };
  if (auto found = look_up(name)) return in_system(std::move(*found));
  // "gelu_d1": the derivative as its node prints.
  const auto suffix = name.rfind("_d");
  if (suffix == std::string_view::npos || suffix + 2 == name.size()) return std::nullopt;
  int order = 0;
  const char* end = name.data() + name.size();
  if (const auto [stop, error] = std::from_chars(name.data() + suffix + 2, end, order);
      error != std::errc{} || stop != end || order < 1)
    return std::nullopt;
  auto found = look_up(name.substr(0, suffix));
  if (!found) return found;
  found->derivative = order;
  name = name.substr(0, suffix);
  return in_system(std::move(*found));
}

std::string suggestions(std::string_view name) {
  if (name.size() > 64) return {};
  std::vector<std::pair<std::size_t, std::string>> near;
  {
    Registry& r = registry();
    const std::lock_guard lock(r.mutex);
    for (const auto& [known, found] : r.names)
      if (const std::size_t d = edit_distance(name, known);
          d <= std::max<std::size_t>(1, std::min(name.size(), known.size()) / 3))
        near.emplace_back(d, known);
  }
  std::sort(near.begin(), near.end());
  std::string text;
  for (std::size_t i = 0; i < near.size() && i < 3; ++i)
    text += (i == 0                                           ? "; did you mean "
             : i + 1 == std::min<std::size_t>(near.size(), 3) ? " or "
                                                              : ", ") +
            near[i].second;
  return text.empty() ? text : text + "?";
}

std::shared_ptr<const Entry> add(std::shared_ptr<const Entry> entry) {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  const std::string& name = entry->facts().name;
  const Traced& mine = *entry->traced();
  const auto at = r.names.find(name);
  if (at == r.names.end()) {
    r.insert(entry);
    return entry;
  }
  const Entry& other = *at->second.entry;
  if (!other.traced()) ops::fail<NameError>(mine.where, "define", fmt::format("'{}' is a builtin activation", name));
  const Traced& theirs = *other.traced();
  if (theirs.text == mine.text && theirs.derivative_text == mine.derivative_text) return at->second.entry;
  ops::fail<NameError>(mine.where, "define",
                       fmt::format("'{}' is already defined otherwise at {}: {} is not {}", name, theirs.where.str(),
                                   mine.text, theirs.text));
}

void forget(const Entry& entry) {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  const auto at = std::find_if(r.entries.begin(), r.entries.end(), [&](const auto& e) { return e.get() == &entry; });
  if (at == r.entries.end() || !entry.traced()) return;
  r.names.erase(entry.facts().name);
  r.entries.erase(at);
}

}  // namespace actinium::activations
