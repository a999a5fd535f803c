// As many floats at a time as the widest register holds.
#pragma once

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#include "../common/registers.h"

namespace audiossl {
namespace {

constexpr int64_t kLanes = kRegisterBytes / 4;

typedef float Floats __attribute__((vector_size(4 * kLanes)));
typedef int32_t Ints32 __attribute__((vector_size(4 * kLanes)));
typedef uint32_t Words __attribute__((vector_size(4 * kLanes)));
typedef uint16_t Halves __attribute__((vector_size(2 * kLanes)));

// The upper half of a float32.
struct Bfloat16 {
  uint16_t bits;
};

AUDIOSSL_INLINE Floats broadcast(float value) { return Floats{} + value; }

AUDIOSSL_INLINE Floats load(const float* from) { return loadAs<Floats>(from); }

AUDIOSSL_INLINE Floats load(const Bfloat16* from) { return (Floats)(__builtin_convertvector(loadAs<Halves>(from), Words) << 16); }

AUDIOSSL_INLINE void store(float* to, Floats values) { storeAs(to, values); }

// Rounds to the nearest, halves to even, as libtorch does.
AUDIOSSL_INLINE void store(Bfloat16* to, Floats values) {
#ifdef __AVX512BF16__
  __m256bh halves = _mm512_cvtneps_pbh((__m512)values);
#else
  Words bits = (Words)values;
  bits = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  Halves halves = __builtin_convertvector(bits, Halves);
#endif
  storeAs(to, halves);
}

#ifdef __AVX512BF16__
// even[0], odd[0], even[1], odd[1] ... in bfloat16
AUDIOSSL_INLINE void storePairs(uint32_t* to, Floats even, Floats odd) {
  alignas(64) static const uint16_t order[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  __m512i halves = (__m512i)_mm512_cvtne2ps_pbh((__m512)odd, (__m512)even);
  _mm512_storeu_si512(to, _mm512_permutexvar_epi16(_mm512_load_si512(order), halves));
}
#endif

AUDIOSSL_INLINE float loadOne(const float* from) { return *from; }
AUDIOSSL_INLINE float loadOne(const Bfloat16* from) {
  uint32_t bits = static_cast<uint32_t>(from->bits) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
AUDIOSSL_INLINE void storeOne(float* to, float value) { *to = value; }
AUDIOSSL_INLINE void storeOne(Bfloat16* to, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  to->bits = static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// values where condition > 0, else 0
AUDIOSSL_INLINE Floats wherePositive(Floats condition, Floats values) { return (Floats)((Ints32)values & (condition > 0)); }

AUDIOSSL_INLINE Floats larger(Floats a, Floats b) { return a > b ? a : b; }

}  // namespace
}  // namespace audiossl
