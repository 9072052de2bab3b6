// The loops of vector_ops.hpp, included once for each instruction set, inside its namespace and after its #pragma. No
// standard header may be included here: inline functions of theirs would be compiled for an instruction set that a
// processor may lack.

namespace {

using machine::Op;
using machine::Type;
using u8 = std::uint8_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

template <class T>
struct Traits;
template <>
struct Traits<float> {
  using Int = i32;
  static constexpr int mantissa = 23, bias = 127;
  static constexpr float max_scale = 252;
};
template <>
struct Traits<double> {
  using Int = i64;
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr double max_scale = 2044;
};
template <class T>
struct Unsigned;
template <>
struct Unsigned<i32> {
  using type = u32;
};
template <>
struct Unsigned<i64> {
  using type = u64;
};

template <class To, class From>
To as_bits(From x) {
  static_assert(sizeof(To) == sizeof(From));
  To y;
  __builtin_memcpy(&y, &x, sizeof y);
  return y;
}

// One struct an operation: apply() on scalars, which the loops below repeat.
#define ACTINIUM_OP(NAME, PARAMETERS, EXPRESSION) \
  struct NAME {                                   \
    template <class T>                            \
    static auto apply PARAMETERS {                \
      return EXPRESSION;                          \
    }                                             \
  };
ACTINIUM_OP(Add, (T a, T b), a + b)
ACTINIUM_OP(Sub, (T a, T b), a - b)
ACTINIUM_OP(Mul, (T a, T b), a* b)
ACTINIUM_OP(Div, (T a, T b), a / b)
ACTINIUM_OP(Min, (T a, T b), a < b ? a : b)
ACTINIUM_OP(Max, (T a, T b), a > b ? a : b)
ACTINIUM_OP(Neg, (T a), -a)
ACTINIUM_OP(Unfused, (T a, T b, T c), a* b + c)
ACTINIUM_OP(And, (T a, T b), static_cast<T>(a& b))
ACTINIUM_OP(Or, (T a, T b), static_cast<T>(a | b))
ACTINIUM_OP(Xor, (T a, T b), static_cast<T>(a ^ b))
ACTINIUM_OP(Not, (T a), static_cast<T>(a ^ 1))
ACTINIUM_OP(Less, (T a, T b), static_cast<u8>(a < b))
ACTINIUM_OP(LessEqual, (T a, T b), static_cast<u8>(a <= b))
ACTINIUM_OP(Greater, (T a, T b), static_cast<u8>(a > b))
ACTINIUM_OP(GreaterEqual, (T a, T b), static_cast<u8>(a >= b))
ACTINIUM_OP(Equal, (T a, T b), static_cast<u8>(a == b))
ACTINIUM_OP(NotEqual, (T a, T b), static_cast<u8>(a != b))
ACTINIUM_OP(ShiftLeft, (T a, T b),
            static_cast<T>(static_cast<typename Unsigned<T>::type>(a) << (b & (8 * sizeof(T) - 1))))
ACTINIUM_OP(ShiftRight, (T a, T b),
            static_cast<T>(static_cast<typename Unsigned<T>::type>(a) >> (b & (8 * sizeof(T) - 1))))
ACTINIUM_OP(ShiftArithmetic, (T a, T b), static_cast<T>(a >> (b & (8 * sizeof(T) - 1))))
#undef ACTINIUM_OP

// Wrapping arithmetic.
struct IntegerAdd {
  template <class T>
  static T apply(T a, T b) {
    return static_cast<T>(static_cast<typename Unsigned<T>::type>(a) + static_cast<typename Unsigned<T>::type>(b));
  }
};
struct IntegerSub {
  template <class T>
  static T apply(T a, T b) {
    return static_cast<T>(static_cast<typename Unsigned<T>::type>(a) - static_cast<typename Unsigned<T>::type>(b));
  }
};
struct IntegerMul {
  template <class T>
  static T apply(T a, T b) {
    return static_cast<T>(static_cast<typename Unsigned<T>::type>(a) * static_cast<typename Unsigned<T>::type>(b));
  }
};

#define ACTINIUM_BUILTIN(NAME, BUILTIN)                               \
  struct NAME {                                                       \
    static float apply(float a) { return __builtin_##BUILTIN##f(a); } \
    static double apply(double a) { return __builtin_##BUILTIN(a); }  \
  };
ACTINIUM_BUILTIN(Sqrt, sqrt)
ACTINIUM_BUILTIN(Abs, fabs)
ACTINIUM_BUILTIN(Rint, rint)
ACTINIUM_BUILTIN(Floor, floor)
ACTINIUM_BUILTIN(Ceil, ceil)
ACTINIUM_BUILTIN(Trunc, trunc)
#undef ACTINIUM_BUILTIN
struct Copysign {
  static float apply(float a, float b) { return __builtin_copysignf(a, b); }
  static double apply(double a, double b) { return __builtin_copysign(a, b); }
};
struct Fma {
  static float apply(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
  static double apply(double a, double b, double c) { return __builtin_fma(a, b, c); }
};

/// Two products by powers of two: in the range that machine::Op::scale states, the first is exact whenever the result
/// is not 0.
struct Scale {
  template <class T>
  static T apply(T a, T b) {
    using I = typename Traits<T>::Int;
    constexpr T limit = Traits<T>::max_scale;
    const T bounded = b < -limit ? -limit : b > limit ? limit : b == b ? b : T(0);
    const I n = static_cast<I>(bounded);
    const I half = n >> 1;
    const auto power = [](I e) { return as_bits<T>(static_cast<I>((e + Traits<T>::bias) << Traits<T>::mantissa)); };
    const T scaled = a * power(half) * power(n - half);
    return b == b ? scaled : b;
  }
};

template <class I>
struct ToInt {
  template <class F>
  static I apply(F x) {
    constexpr F bound = sizeof(I) == 4 ? F(0x1p31) : F(0x1p63);
    const bool inside = x >= -bound && x < bound;
    const I converted = static_cast<I>(inside ? x : F(0));
    constexpr I largest = static_cast<I>(~typename Unsigned<I>::type{0} >> 1);
    return inside ? converted : x >= bound ? largest : x < -bound ? static_cast<I>(-largest - 1) : I(0);
  }
};
template <class To>
struct Convert {
  template <class T>
  static To apply(T x) {
    return static_cast<To>(x);
  }
};
template <class To>
struct Reinterpret {
  template <class T>
  static To apply(T x) {
    return as_bits<To>(x);
  }
};

template <class F, class R, class A>
void map1(const Operands& o, int groups) {
  R* __restrict r = static_cast<R*>(o.result);
  const A* __restrict a = static_cast<const A*>(o.a);
  for (int g = 0; g < groups; ++g, r += group, a += o.step_a) {
    for (int i = 0; i < group; ++i) r[i] = F::apply(a[i]);
  }
}
template <class F, class R, class A>
void map2(const Operands& o, int groups) {
  R* __restrict r = static_cast<R*>(o.result);
  const A* a = static_cast<const A*>(o.a);
  const A* b = static_cast<const A*>(o.b);
  for (int g = 0; g < groups; ++g, r += group, a += o.step_a, b += o.step_b) {
    for (int i = 0; i < group; ++i) r[i] = F::apply(a[i], b[i]);
  }
}
template <class F, class R>
void map3(const Operands& o, int groups) {
  R* __restrict r = static_cast<R*>(o.result);
  const R* a = static_cast<const R*>(o.a);
  const R* b = static_cast<const R*>(o.b);
  const R* c = static_cast<const R*>(o.c);
  for (int g = 0; g < groups; ++g, r += group, a += o.step_a, b += o.step_b, c += o.step_c) {
    for (int i = 0; i < group; ++i) r[i] = F::apply(a[i], b[i], c[i]);
  }
}
template <class R>
void choose(const Operands& o, int groups) {
  R* __restrict r = static_cast<R*>(o.result);
  const u8* a = static_cast<const u8*>(o.a);
  const R* b = static_cast<const R*>(o.b);
  const R* c = static_cast<const R*>(o.c);
  for (int g = 0; g < groups; ++g, r += group, a += o.step_a, b += o.step_b, c += o.step_c) {
    for (int i = 0; i < group; ++i) r[i] = a[i] != 0 ? b[i] : c[i];
  }
}
/// b is the table.
template <class R, class I>
void look_up(const Operands& o, int groups) {
  R* __restrict r = static_cast<R*>(o.result);
  const I* a = static_cast<const I*>(o.a);
  const R* table = static_cast<const R*>(o.b);
  for (int g = 0; g < groups; ++g, r += group, a += o.step_a) {
    for (int i = 0; i < group; ++i) r[i] = table[a[i]];
  }
}

template <class T>
OpFunction find_float(Op op, bool fused) {
  switch (op) {
    case Op::add: return map2<Add, T, T>;
    case Op::sub: return map2<Sub, T, T>;
    case Op::mul: return map2<Mul, T, T>;
    case Op::div: return map2<Div, T, T>;
    case Op::sqrt: return map1<Sqrt, T, T>;
    case Op::fma: return map3<Fma, T>;
    case Op::muladd: return fused ? map3<Fma, T> : map3<Unfused, T>;
    case Op::neg: return map1<Neg, T, T>;
    case Op::abs: return map1<Abs, T, T>;
    case Op::copysign: return map2<Copysign, T, T>;
    case Op::min: return map2<Min, T, T>;
    case Op::max: return map2<Max, T, T>;
    case Op::rint: return map1<Rint, T, T>;
    case Op::floor: return map1<Floor, T, T>;
    case Op::ceil: return map1<Ceil, T, T>;
    case Op::trunc: return map1<Trunc, T, T>;
    case Op::scale: return map2<Scale, T, T>;
    default: return nullptr;
  }
}

template <class T>
OpFunction find_integer(Op op) {
  switch (op) {
    case Op::iadd: return map2<IntegerAdd, T, T>;
    case Op::isub: return map2<IntegerSub, T, T>;
    case Op::imul: return map2<IntegerMul, T, T>;
    case Op::iand: return map2<And, T, T>;
    case Op::ior: return map2<Or, T, T>;
    case Op::ixor: return map2<Xor, T, T>;
    case Op::shl: return map2<ShiftLeft, T, T>;
    case Op::lshr: return map2<ShiftRight, T, T>;
    case Op::ashr: return map2<ShiftArithmetic, T, T>;
    default: return nullptr;
  }
}

template <class T>
OpFunction find_compare(Op op) {
  switch (op) {
    case Op::lt: return map2<Less, u8, T>;
    case Op::le: return map2<LessEqual, u8, T>;
    case Op::gt: return map2<Greater, u8, T>;
    case Op::ge: return map2<GreaterEqual, u8, T>;
    case Op::eq: return map2<Equal, u8, T>;
    case Op::ne: return map2<NotEqual, u8, T>;
    default: return nullptr;
  }
}

OpFunction find_compare(Op op, Type operand) {
  switch (operand) {
    case Type::b1: return find_compare<u8>(op);
    case Type::i32: return find_compare<i32>(op);
    case Type::i64: return find_compare<i64>(op);
    case Type::f32: return find_compare<float>(op);
    case Type::f64: return find_compare<double>(op);
  }
  return nullptr;
}

OpFunction find_logic(Op op) {
  switch (op) {
    case Op::land: return map2<And, u8, u8>;
    case Op::lor: return map2<Or, u8, u8>;
    case Op::lxor: return map2<Xor, u8, u8>;
    case Op::lnot: return map1<Not, u8, u8>;
    default: return nullptr;
  }
}

OpFunction find_convert(Op op, Type result, Type operand) {
  const bool wide = operand == Type::f64 || operand == Type::i64;
  if (op == Op::bits) return wide ? map1<Reinterpret<i64>, i64, double> : map1<Reinterpret<i32>, i32, float>;
  if (op == Op::from_bits) return wide ? map1<Reinterpret<double>, double, i64> : map1<Reinterpret<float>, float, i32>;
  switch (result) {
    case Type::b1: return nullptr;
    case Type::i32:
      if (op == Op::to_int) return wide ? map1<ToInt<i32>, i32, double> : map1<ToInt<i32>, i32, float>;
      return map1<Convert<i32>, i32, i64>;
    case Type::i64:
      if (op == Op::to_int) return wide ? map1<ToInt<i64>, i64, double> : map1<ToInt<i64>, i64, float>;
      return map1<Convert<i64>, i64, i32>;
    case Type::f32:
      if (op == Op::to_float) return wide ? map1<Convert<float>, float, i64> : map1<Convert<float>, float, i32>;
      return map1<Convert<float>, float, double>;
    case Type::f64:
      if (op == Op::to_float) return wide ? map1<Convert<double>, double, i64> : map1<Convert<double>, double, i32>;
      return map1<Convert<double>, double, float>;
  }
  return nullptr;
}

OpFunction find_move(Op op, Type result, Type operand) {
  const bool wide = result == Type::f64 || result == Type::i64;
  if (op == Op::select) return result == Type::b1 ? choose<u8> : wide ? choose<u64> : choose<u32>;
  if (operand == Type::i64) return result == Type::b1 ? look_up<u8, i64> : wide ? look_up<u64, i64> : look_up<u32, i64>;
  return result == Type::b1 ? look_up<u8, i32> : wide ? look_up<u64, i32> : look_up<u32, i32>;
}

OpFunction find(Op op, Type result, Type operand, bool fused) {
  if (op >= Op::add && op <= Op::scale)
    return result == Type::f32 ? find_float<float>(op, fused) : find_float<double>(op, fused);
  if (op >= Op::iadd && op <= Op::ashr) return result == Type::i32 ? find_integer<i32>(op) : find_integer<i64>(op);
  if (op >= Op::lt && op <= Op::ne) return find_compare(op, operand);
  if (op >= Op::land && op <= Op::lnot) return find_logic(op);
  if (op == Op::select || op == Op::lookup) return find_move(op, result, operand);
  if (op == Op::input || op == Op::constant || op == Op::rare) return nullptr;
  return find_convert(op, result, operand);
}

template <class F, class T>
void merge_with(void* acc, const void* x, i64 n) {
  T* __restrict r = static_cast<T*>(acc);
  const T* __restrict a = static_cast<const T*>(x);
  for (i64 i = 0; i < n; ++i) r[i] = F::apply(r[i], a[i]);
}

MergeFunction merge(program::Combine combine, Type type) {
  const bool sum = combine == program::Combine::sum;
  if (!sum && combine != program::Combine::prod) return nullptr;
  switch (type) {
    case Type::b1: return nullptr;
    case Type::i32: return sum ? merge_with<IntegerAdd, i32> : merge_with<IntegerMul, i32>;
    case Type::i64: return sum ? merge_with<IntegerAdd, i64> : merge_with<IntegerMul, i64>;
    case Type::f32: return sum ? merge_with<Add, float> : merge_with<Mul, float>;
    case Type::f64: return sum ? merge_with<Add, double> : merge_with<Mul, double>;
  }
  return nullptr;
}

template <class F, class T>
void dot_with(void* acc, const void* x, const void* y, i64 n) {
  T* __restrict r = static_cast<T*>(acc);
  const T* __restrict a = static_cast<const T*>(x);
  const T* __restrict b = static_cast<const T*>(y);
  for (i64 i = 0; i < n; ++i) r[i] = F::apply(a[i], b[i], r[i]);
}

DotFunction dot(Type type, bool fused) {
  if (type == Type::f32) return fused ? dot_with<Fma, float> : dot_with<Unfused, float>;
  return fused ? dot_with<Fma, double> : dot_with<Unfused, double>;
}

template <class F, class T>
void block_with(void* result, const void* x, i64 stride, const void* y, i64 count) {
  const T* __restrict a = static_cast<const T*>(x);
  const T* __restrict panel = static_cast<const T*>(y);
  T acc[64] = {};
  for (i64 k = 0; k < count; ++k, panel += 64) {
    const T factor = a[k * stride];
    for (int j = 0; j < 64; ++j) acc[j] = F::apply(factor, panel[j], acc[j]);
  }
  __builtin_memcpy(result, acc, sizeof acc);
}

BlockFunction block(Type type, bool fused) {
  if (type == Type::f32) return fused ? block_with<Fma, float> : block_with<Unfused, float>;
  return fused ? block_with<Fma, double> : block_with<Unfused, double>;
}

}  // namespace

const VectorOps ops{find, merge, dot, block};
