// The values of inputs as the command line writes them: numbers, nested lists, .npy files, zeros(2,3), normal(7, 2,3),
// ...
#pragma once
#include <actinium/actinium.h>

#include <string>
#include <string_view>

namespace actinium::cli {

/// One NAME=VALUE of the command line.
struct Assignment {
  std::string name, value;
};
/// ValueError unless it is NAME=VALUE.
Assignment split_assignment(std::string_view text);

/// A value before its element type is known.
class Value {
 public:
  /// Reads files; ValueError or IoError.
  explicit Value(std::string_view text);
  /// Set for .npy files: their own type.
  const Tensor* from_file() const { return form_ == Form::file ? &tensor_ : nullptr; }
  /// How the elements are written: bool, i64 or f64. Generators are f64, except arange of integers, zeros and ones.
  DType written() const { return written_; }
  /// The elements as `dtype`; a file keeps its own type.
  Tensor as(DType dtype) const;

 private:
  enum class Form : std::uint8_t { text, file, generator };
  Form form_ = Form::text;
  DType written_ = DType::f64;
  std::string text_;
  Tensor tensor_;
};

}  // namespace actinium::cli
