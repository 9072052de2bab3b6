// All leaves of a struct as one vector and back, for optimizers that know vectors alone (L-BFGS, Ceres, PETSc): views, not copies.
#pragma once
#include <actinium/structs.h>

namespace actinium {

/// A vector of all leaves of a struct, one after another in the order of declaration, that remembers their layout. A copy is
/// another handle to the same memory.
template <class P>
struct Flat : Tensor {
  Flat(Tensor vector, P views) : Tensor(std::move(vector)), leaves(std::move(views)) {}
  /// The struct over the vector's memory: to write to one is to write to the other.
  P leaves;
};

/// The struct with the layout of `like` over the memory of `flat`, a vector of as many elements: views. ShapeError if sizes
/// differ, TypeError if element types do.
template <class P>
  requires detail::structured<P>
P unravel(const Tensor& flat, const P& like) {
  std::int64_t count = 0, next = 0;
  const auto check = [&](const std::string& path, const Tensor& t) {
    count += t.size();
    if (t.dtype() != flat.dtype())
      throw TypeError("unravel: " + path + " is " + std::string(name_of(t.dtype())) + ", the vector is " + std::string(name_of(flat.dtype())));
  };
  detail::walk("", check, like);
  if (count != flat.size())
    throw ShapeError("unravel: the leaves have " + std::to_string(count) + " elements, the vector has " + std::to_string(flat.size()));
  P result = like;
  const auto owner = std::make_shared<Tensor>(flat);
  const auto place = [&](const std::string&, Tensor& t) {
    char* at = static_cast<char*>(owner->raw()) + static_cast<std::size_t>(next) * size_of(flat.dtype());
    next += t.size();
    t = Tensor::wrap(owner, at, flat.dtype(), t.shape());
  };
  detail::walk("", place, result);
  return result;
}

/// All leaves in one vector: a copy once, of which `flat.leaves` (and unravel<Mlp>(flat)) are views. TypeError if the leaves'
/// types differ.
template <class P>
  requires detail::structured<P>
Flat<P> ravel(const P& params) {
  std::optional<DType> dtype;
  std::string first;
  std::int64_t count = 0;
  const auto measure = [&](const std::string& path, const Tensor& t) {
    if (!dtype) dtype = t.dtype(), first = path;
    if (t.dtype() != *dtype)
      throw TypeError("ravel: " + first + " is " + std::string(name_of(*dtype)) + ", " + path + " is " + std::string(name_of(t.dtype())));
    count += t.size();
  };
  detail::walk("", measure, params);
  const Tensor flat = Tensor::empty(dtype.value_or(f32), std::array{count});
  P views = unravel(flat, params);
  const auto fill = [](const std::string&, const Tensor& from, Tensor& to) {
    const auto* bytes = static_cast<const char*>(from.raw());
    std::copy(bytes, bytes + from.bytes(), static_cast<char*>(to.raw()));
  };
  detail::walk("", fill, params, views);
  return {flat, std::move(views)};
}

/// `auto back = unravel<Mlp>(flat)`: the views.
template <template <class> class S>
S<Tensor> unravel(const Flat<S<Tensor>>& flat) {
  return flat.leaves;
}

/// The same on expressions: a concatenation, and its slices.
inline Expr ravel(const std::vector<Expr>& leaves) {
  std::vector<Expr> parts;
  for (const Expr& e : leaves) parts.push_back(flatten(e));
  return concat(parts);
}
template <class P>
  requires(detail::structured<P> && requires(const P& p) { detail::flatten(p); })
P unravel(const Expr& flat, const P& like) {
  P result = like;
  Dim next = 0;
  const auto take = [&](const std::string&, Expr& e) {
    const Dim end = next + e.shape().size();
    e = reshape(slice(flat, next, end), e.shape().dims());
    next = end;
  };
  detail::walk("", take, result);
  if (next != flat.shape().size())
    throw ShapeError("unravel: the leaves have " + next.str() + " elements, the vector has " + flat.shape().size().str());
  return result;
}

}  // namespace actinium
