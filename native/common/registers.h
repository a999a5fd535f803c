// What the loops of both addons take from the instruction set that they are compiled for. Includes no templates of the standard library:
// their inline functions, compiled for AVX-512, could end up in the hands of the whole process.
#pragma once

#include <cstdint>
#include <cstring>

namespace audiossl {
namespace {

// Of the widest register. Vectors wider than that would be left to the compiler to split, which takes comparisons and sums apart value by
// value: under AVX2 maximum pooling took nine times as long.
#if defined(__AVX512F__)
constexpr int64_t kRegisterBytes = 64;
#elif defined(__AVX2__)
constexpr int64_t kRegisterBytes = 32;
#else
constexpr int64_t kRegisterBytes = 16;
#endif

#define AUDIOSSL_INLINE inline __attribute__((always_inline))

// A macro's value as text.
#define AUDIOSSL_TEXT(name) AUDIOSSL_TEXT_OF(name)
#define AUDIOSSL_TEXT_OF(name) #name

template <class Vector>
AUDIOSSL_INLINE Vector loadAs(const void* from) {
  Vector values;
  std::memcpy(&values, from, sizeof values);
  return values;
}

template <class Vector>
AUDIOSSL_INLINE void storeAs(void* to, Vector values) {
  std::memcpy(to, &values, sizeof values);
}

}  // namespace
}  // namespace audiossl
