// The kinds of error. A user's mistake throws a subclass of Error that says what was expected, what came, and where;
// Actinium's own mistakes are InternalError.
#pragma once
#include <actinium/export.h>

#include <source_location>
#include <stdexcept>
#include <string>

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
/// Two graphs in one expression, an expression without a graph, an output whose input is not listed.
class ACTINIUM_API GraphError : public Error {
  using Error::Error;
};

/// A mistake in Actinium itself: please report it.
class ACTINIUM_API InternalError : public std::logic_error {
  using std::logic_error::logic_error;
};

}  // namespace actinium
