// The kinds of error. A user's mistake throws a subclass of Error that says what was expected, what came, and where;
// Actinium's own mistakes are InternalError.
#pragma once
#include <actinium/export.h>

#include <cstdint>
#include <memory>
#include <source_location>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace actinium {

/// Base of every error a user can cause. what() is one message: "file:line: [op] rule: what came".
class ACTINIUM_API Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Shapes, ranks, axes or symbolic sizes that do not fit.
class ACTINIUM_API ShapeError : public Error {
  using Error::Error;
};
/// Element types that do not fit, or values that a type cannot hold.
class ACTINIUM_API TypeError : public Error {
  using Error::Error;
};
/// An unknown, duplicate or already taken name; the message lists near names.
class ACTINIUM_API NameError : public Error {
  using Error::Error;
};
/// Text that is not an expression; the message has a caret under the place.
class ACTINIUM_API ParseError : public Error {
  using Error::Error;
};
/// A program that cannot be compiled for the target asked for.
class ACTINIUM_API CompileError : public Error {
  using Error::Error;
};
/// A call with a wrong number, size, type or placement of buffers. Nothing has been written.
class ACTINIUM_API CallError : public Error {
  using Error::Error;
};
/// A file that cannot be read or written.
class ACTINIUM_API IoError : public Error {
  using Error::Error;
};
/// A value outside its domain (a literal parameter, an option, a number of threads).
class ACTINIUM_API ValueError : public Error {
  using Error::Error;
};

/// Where a function first makes NaN or an infinity of finite numbers.
struct NonFinite {
  std::string op;                   ///< "log", or the name of an activation
  std::vector<std::int64_t> index;  ///< the element of its result
  std::vector<double> operands;     ///< its operands there; of a sum or a product those that weigh most
  double result = 0;
  std::string place;            ///< "model.cpp:42", "text:17", or "" if unknown
  bool in_derivative = false;   ///< of what stands at `place`
  std::vector<std::int64_t> steps;  ///< of the loops that it stands in, outermost first
};
/// A call of a function compiled with CompileOptions::check_finite. Nothing has been written.
class ACTINIUM_API NonFiniteError : public ValueError {
 public:
  NonFiniteError(const std::string& message, NonFinite found) : ValueError(message), found_(std::make_shared<const NonFinite>(std::move(found))) {}
  const NonFinite& found() const { return *found_; }

 private:
  std::shared_ptr<const NonFinite> found_;
};
/// Two graphs in one expression, an expression without a graph, an output whose input is not listed.
class ACTINIUM_API GraphError : public Error {
  using Error::Error;
};

/// A mistake in Actinium itself: please report it.
class ACTINIUM_API InternalError : public std::logic_error {
  using std::logic_error::logic_error;
};

}  // namespace actinium
