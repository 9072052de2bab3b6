// Reading the text of an einsum: first terms as written, then indices against the shapes of the operands.
#include "ops/einsum_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "ops/error.hpp"

namespace actinium::ops {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// The indices of one operand or of the output, as written.
struct Term {
  std::string letters;               ///< '.' for an ellipsis
  std::vector<std::size_t> columns;  ///< of each, from 1
  bool has_ellipsis() const { return letters.find('.') != std::string::npos; }
};

class Reader {
 public:
  Reader(std::string_view text, std::span<const Expr> operands, const Location& where)
      : text_(text), operands_(operands), where_(where) {}

  EinsumSpec read() {
    read_terms();
    if (terms_.size() != operands_.size())
      fail<ShapeError>(fmt::format("{} operand{} named, {} given", terms_.size(), terms_.size() == 1 ? " is" : "s are",
                                   operands_.size()));
    for (std::size_t i = 0; i < terms_.size(); ++i) read_operand(i);
    read_output();
    if (spec_.output.size() > static_cast<std::size_t>(max_rank))
      fail<ShapeError>(fmt::format("the output has {} axes, more than {}", spec_.output.size(), max_rank));
    return std::move(spec_);
  }

 private:
  std::string_view text_;
  std::span<const Expr> operands_;
  const Location& where_;
  std::vector<Term> terms_;
  std::optional<Term> output_;
  EinsumSpec spec_;
  std::string names_;                  ///< of each index; '.' for those of an ellipsis
  std::vector<Index> dots_;            ///< those, counted from the last axis
  std::vector<std::size_t> first_in_;  ///< the operand that gave each index its size

  template <class E>
  [[noreturn]] void fail(std::string_view message) const {
    ops::fail<E>(where_, "einsum", fmt::format("\"{}\": {}", text_, message));
  }
  template <class E>
  [[noreturn]] void fail_at(std::size_t column, std::string_view message) const {
    ops::fail<E>(where_, "einsum", fmt::format("\"{}\" at {}: {}", text_, column, message));
  }
  std::string operand_text(std::size_t i) const {
    const Expr& x = operands_[i];
    return fmt::format("operand {}, {}", i + 1, x.is_bound() ? describe(*x.graph(), x.id()) : "a number");
  }
  std::string name_of(Index i) const {
    const char c = names_[static_cast<std::size_t>(i)];
    return c == '.' ? "an axis of '...'" : fmt::format("index {}", c);
  }

  void read_terms() {
    terms_.emplace_back();
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const char c = text_[i];
      Term& term = output_ ? *output_ : terms_.back();
      if (c == ' ') continue;
      if (c == ',' && !output_) {
        terms_.emplace_back();
      } else if (text_.substr(i, 2) == "->" && !output_) {
        output_.emplace();
        ++i;
      } else if (text_.substr(i, 3) == "...") {
        if (term.has_ellipsis()) fail_at<ValueError>(i + 1, "a second '...' in one operand");
        append(term, '.', i + 1);
        i += 2;
      } else if (is_letter(c)) {
        append(term, c, i + 1);
      } else {
        fail_at<ValueError>(
            i + 1, fmt::format("'{}' is no index: a letter, '...'{} is expected", c, output_ ? "" : ", ',' or '->'"));
      }
    }
  }
  static void append(Term& term, char c, std::size_t column) {
    term.letters += c;
    term.columns.push_back(column);
  }

  Index index_named(char c) {
    const std::size_t found = names_.find(c);
    return found == std::string::npos ? -1 : static_cast<Index>(found);
  }
  Index new_index(char c, const Dim& size, std::size_t operand) {
    names_ += c;
    spec_.sizes.push_back(size);
    first_in_.push_back(operand);
    return static_cast<Index>(names_.size() - 1);
  }

  void read_operand(std::size_t operand) {
    const Term& term = terms_[operand];
    const Shape& shape = operands_[operand].shape();
    const int named = static_cast<int>(term.letters.size()) - (term.has_ellipsis() ? 1 : 0);
    if (term.has_ellipsis() ? named > shape.rank() : named != shape.rank())
      fail<ShapeError>(fmt::format("{} has {} ax{}, {} {} named", operand_text(operand), shape.rank(),
                                   shape.rank() == 1 ? "is" : "es", named, named == 1 ? "is" : "are"));
    std::vector<Index> indices;
    for (const char c : term.letters) {
      if (c != '.') {
        take(indices, operand, index_named(c), c);
        continue;
      }
      for (int k = shape.rank() - named; k-- > 0;) {
        const bool known = static_cast<std::size_t>(k) < dots_.size();
        take(indices, operand, known ? dots_[static_cast<std::size_t>(k)] : -1, c);
        if (!known) new_dots_.emplace_back(k, indices.back());
      }
      for (; !new_dots_.empty(); new_dots_.pop_back()) dots_.push_back(new_dots_.back().second);
    }
    spec_.operands.push_back(std::move(indices));
  }
  std::vector<std::pair<int, Index>> new_dots_;  ///< of the operand being read, the outermost first

  /// The next axis of `operand` has this index (-1: a new one).
  void take(std::vector<Index>& indices, std::size_t operand, Index i, char c) {
    const Dim& size = operands_[operand].shape()[static_cast<int>(indices.size())];
    if (i < 0) {
      indices.push_back(new_index(c, size, operand));
      return;
    }
    const auto earlier = std::find(indices.begin(), indices.end(), i);
    if (earlier != indices.end()) {
      const Dim& other = operands_[operand].shape()[static_cast<int>(earlier - indices.begin())];
      if (other != size)
        fail<ShapeError>(fmt::format("{} has a diagonal over {}, but its sizes are {} and {}", operand_text(operand),
                                     name_of(i), other.str(), size.str()));
    }
    Dim& known = spec_.sizes[static_cast<std::size_t>(i)];
    std::size_t& first = first_in_[static_cast<std::size_t>(i)];
    if (known.is(1) && !size.is(1)) {
      known = size;
      first = operand;
    }
    if (known != size && !size.is(1))
      fail<ShapeError>(fmt::format("{} is {} in {} and {} in {}", name_of(i), known.str(), operand_text(first),
                                   size.str(), operand_text(operand)));
    indices.push_back(i);
  }

  void append_dots() {
    for (std::size_t k = dots_.size(); k-- > 0;) spec_.output.push_back(dots_[k]);
  }

  void read_output() {
    if (!output_) return imply_output();
    for (std::size_t i = 0; i < output_->letters.size(); ++i) {
      const char c = output_->letters[i];
      if (c == '.') {
        append_dots();
        continue;
      }
      const Index found = index_named(c);
      if (found < 0)
        fail_at<ValueError>(output_->columns[i], fmt::format("index {} of the output is in no operand", c));
      if (output_->letters.find(c) != i)
        fail_at<ValueError>(output_->columns[i], fmt::format("index {} is twice in the output", c));
      spec_.output.push_back(found);
    }
    if (!output_->has_ellipsis() && !dots_.empty())
      fail<ValueError>("'...' has axes that the output must have too: write '...' in it");
  }

  /// The axes of the ellipsis, then the letters that occur once, in alphabetical order.
  void imply_output() {
    append_dots();
    std::string all;
    for (const Term& t : terms_) all += t.letters;
    std::sort(all.begin(), all.end());
    for (const char c : all)
      if (c != '.' && std::count(all.begin(), all.end(), c) == 1) spec_.output.push_back(index_named(c));
  }
};

}  // namespace

EinsumSpec read_einsum(std::string_view text, std::span<const Expr> operands, const Location& where) {
  return Reader(text, operands, where).read();
}

}  // namespace actinium::ops
