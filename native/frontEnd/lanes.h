// As many doubles at a time as one register of the instruction set holds: a lane is a frame, so the width changes no result.
#pragma once

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#include "../common/registers.h"

namespace audiossl {
namespace {

constexpr int64_t kLanes = kRegisterBytes / 8;

typedef double Lanes __attribute__((vector_size(kLanes * 8)));
typedef uint64_t LaneBits __attribute__((vector_size(kLanes * 8)));
typedef float HalfLanes __attribute__((vector_size(kLanes * 4)));

// Minus zero, which compilers leave out; plus zero would change the sign of a zero, and stays.
AUDIOSSL_INLINE Lanes broadcast(double value) { return value - Lanes{}; }

AUDIOSSL_INLINE Lanes load(const double* from) { return loadAs<Lanes>(from); }
AUDIOSSL_INLINE void store(double* to, Lanes values) { storeAs(to, values); }
AUDIOSSL_INLINE Lanes loadFloats(const float* from) { return __builtin_convertvector(loadAs<HalfLanes>(from), Lanes); }
AUDIOSSL_INLINE void storeFloats(float* to, Lanes values) { storeAs(to, __builtin_convertvector(values, HalfLanes)); }

AUDIOSSL_INLINE Lanes larger(Lanes a, Lanes b) { return a > b ? a : b; }
AUDIOSSL_INLINE Lanes smaller(Lanes a, Lanes b) { return a < b ? a : b; }

// The natural logarithm of positive normal numbers to 1e-15 of the result; NaN of infinity and NaN.
// x = 2^e m with m in [sqrt(1/2), sqrt(2)); ln m = 2 artanh s, s = (m - 1) / (m + 1), |s| < 0.172, by its power series.
AUDIOSSL_INLINE Lanes naturalLogarithm(Lanes x) {
  LaneBits bits = (LaneBits)x;
  constexpr uint64_t one = 0x3ff0000000000000, rootOfHalf = 0x3fe6a09e667f3bcd;
  LaneBits exponent = (bits + (one - rootOfHalf)) >> 52;  // biased by 1023
  Lanes m = (Lanes)(bits - ((exponent - 1023) << 52));
  // 2^52 + exponent as a double, its bits put together: AVX2 converts no 64-bit integers.
  Lanes e = (Lanes)(exponent | 0x4330000000000000) - (4503599627370496.0 + 1023.0);
  Lanes s = (m - 1.0) / (m + 1.0);
  Lanes z = s * s;
  Lanes series = broadcast(2.0 / 21);
  series = series * z + 2.0 / 19;
  series = series * z + 2.0 / 17;
  series = series * z + 2.0 / 15;
  series = series * z + 2.0 / 13;
  series = series * z + 2.0 / 11;
  series = series * z + 2.0 / 9;
  series = series * z + 2.0 / 7;
  series = series * z + 2.0 / 5;
  series = series * z + 2.0 / 3;
  Lanes logarithm = e * 0.693147180559945309417 + (s * z * series + 2.0 * s);
  return logarithm + (x - x);
}

}  // namespace
}  // namespace audiossl
