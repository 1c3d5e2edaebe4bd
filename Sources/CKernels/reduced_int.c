// Products of 16-bit and 8-bit whole numbers, summed up exactly in 32 bits: every instruction set gives the same sums.
#include "reduced.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif
#endif

// Vectors are passed between functions of this file only, which are inlined: no calling convention is at stake.
#pragma clang diagnostic ignored "-Wpsabi"
#pragma GCC diagnostic ignored "-Wpsabi"

#if defined(__x86_64__)

// The compiler takes the intrinsics apart into a product and a sum, to save a cycle where sums wait for each other; here they
// do not, and it costs half the speed.
__attribute__((target("avx2,avxvnni"))) static inline __attribute__((always_inline)) __m256i sum16_256(
    __m256i s, __m256i w, __m256i x) {
  __asm__("%{vex%} vpdpwssd %2, %1, %0" : "+x"(s) : "x"(w), "x"(x));
  return s;
}

__attribute__((target("avx512f,avx512vnni"))) static inline __attribute__((always_inline)) __m512i sum16_512(
    __m512i s, __m512i w, __m512i x) {
  __asm__("vpdpwssd %2, %1, %0" : "+v"(s) : "v"(w), "v"(x));
  return s;
}

// Without an instruction for it: bytes are widened, even and odd ones apart, because sums of two byte products do not fit in
// 16 bits.

#define LANES 4
#define ROWS 4
#define VECTORS 2
#define CK(name) PASTE(name, _base)
#define DOT16(s, w, x) ((s) + (CK(ints))_mm_madd_epi16((__m128i)(w), (__m128i)(x)))
#define DOT8(s, w, x)                                                                                              \
  ((s) + (CK(ints))_mm_madd_epi16(_mm_and_si128((__m128i)(w), _mm_set1_epi16(255)),                                \
                                  _mm_srai_epi16(_mm_slli_epi16((__m128i)(x), 8), 8)) +                            \
   (CK(ints))_mm_madd_epi16(_mm_srli_epi16((__m128i)(w), 8), _mm_srai_epi16((__m128i)(x), 8)))
#include "reduced_int_body.h"
#undef DOT8
#undef DOT16
#undef CK
#undef LANES

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LANES 8
#define CK(name) PASTE(name, _avx2)
#define DOT16(s, w, x) ((s) + (CK(ints))_mm256_madd_epi16((__m256i)(w), (__m256i)(x)))
#define DOT8(s, w, x)                                                                                              \
  ((s) + (CK(ints))_mm256_madd_epi16(_mm256_and_si256((__m256i)(w), _mm256_set1_epi16(255)),                       \
                                     _mm256_srai_epi16(_mm256_slli_epi16((__m256i)(x), 8), 8)) +                   \
   (CK(ints))_mm256_madd_epi16(_mm256_srli_epi16((__m256i)(w), 8), _mm256_srai_epi16((__m256i)(x), 8)))
#include "reduced_int_body.h"
#undef DOT8
#undef DOT16
#undef CK
#undef ROWS
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2,fma,avxvnni"))), apply_to = function)
#define ROWS 6
#define CK(name) PASTE(name, _avxvnni)
#define DOT16(s, w, x) ((CK(ints))sum16_256((__m256i)(s), (__m256i)(w), (__m256i)(x)))
#define DOT8(s, w, x) ((CK(ints))_mm256_dpbusd_avx_epi32((__m256i)(s), (__m256i)(w), (__m256i)(x)))
#include "reduced_int_body.h"
#undef DOT8
#undef DOT16
#undef CK
#undef ROWS
#undef LANES
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))), \
                             apply_to = function)
#define LANES 16
#define ROWS 10
#define CK(name) PASTE(name, _avx512)
#define DOT16(s, w, x) ((s) + (CK(ints))_mm512_madd_epi16((__m512i)(w), (__m512i)(x)))
#define DOT8(s, w, x)                                                                                              \
  ((s) + (CK(ints))_mm512_madd_epi16(_mm512_and_si512((__m512i)(w), _mm512_set1_epi16(255)),                       \
                                     _mm512_srai_epi16(_mm512_slli_epi16((__m512i)(x), 8), 8)) +                   \
   (CK(ints))_mm512_madd_epi16(_mm512_srli_epi16((__m512i)(w), 8), _mm512_srai_epi16((__m512i)(x), 8)))
#include "reduced_int_body.h"
#undef DOT8
#undef DOT16
#undef CK
#undef ROWS
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), \
                             apply_to = function)
#define ROWS 14
#define CK(name) PASTE(name, _vnni)
#define DOT16(s, w, x) ((CK(ints))sum16_512((__m512i)(s), (__m512i)(w), (__m512i)(x)))
#define DOT8(s, w, x) ((CK(ints))_mm512_dpbusd_epi32((__m512i)(s), (__m512i)(w), (__m512i)(x)))
#include "reduced_int_body.h"
#undef DOT8
#undef DOT16
#undef CK
#undef ROWS
#undef LANES
#pragma clang attribute pop

/// The fastest way of whole numbers: 0 SSE2, 1 AVX2, 2 AVX-VNNI, 3 AVX-512, 4 AVX-512 with VNNI, 5 AMX (8 bits only).
static int way(ck_format format) {
  int dots = ck_dots_allowed();
  switch (ck_level()) {
    case 2:
      if (format == CK_INT8 && dots == 2 && ck_amx_works()) return 5;
      return dots && __builtin_cpu_supports("avx512vnni") ? 4 : 3;
    case 1: return dots && __builtin_cpu_supports("avxvnni") ? 2 : 1;
    default: return 0;
  }
}

void ck_int_product(ck_format format, const float *x, long rows, long stride, ck_layout g, const float *panel,
                    ck_ending e, long columns, float *y, long out) {
  switch (way(format)) {
    case 5: ck_int8_product_amx(x, rows, stride, g, panel, e, columns, y, out); break;
    case 4: int_product_vnni(format, x, rows, stride, g, panel, e, columns, y, out); break;
    case 3: int_product_avx512(format, x, rows, stride, g, panel, e, columns, y, out); break;
    case 2: int_product_avxvnni(format, x, rows, stride, g, panel, e, columns, y, out); break;
    case 1: int_product_avx2(format, x, rows, stride, g, panel, e, columns, y, out); break;
    default: int_product_base(format, x, rows, stride, g, panel, e, columns, y, out);
  }
}

const char *ck_int_instructions(ck_format format) {
  static const char *const names[] = {"SSE2", "AVX2", "AVX-VNNI", "AVX-512", "AVX-512 VNNI", "AMX tiles"};
  return names[way(format)];
}

int ck_int_is_fast(ck_format format) { return way(format) == 2 || way(format) >= 4; }

#else

#define LANES 4
#define ROWS 6
#define VECTORS 2
#define EVEN(v) ((v) << 16 >> 16)
#define BYTE(v, i) ((v) << (24 - 8 * (i)) >> 24)
#define UNSIGNED(v, i) ((v) >> (8 * (i)) & 255)
#define DOT16(s, w, x) ((s) + EVEN(w) * EVEN(x) + ((w) >> 16) * ((x) >> 16))
#define CK(name) PASTE(name, _base)
#define DOT8(s, w, x)                                                                                      \
  ((s) + UNSIGNED(w, 0) * BYTE(x, 0) + UNSIGNED(w, 1) * BYTE(x, 1) + UNSIGNED(w, 2) * BYTE(x, 2) +         \
   UNSIGNED(w, 3) * BYTE(x, 3))
#include "reduced_int_body.h"
#undef CK
#undef DOT8

#if defined(__aarch64__) && defined(__linux__)
// ARMv8.2 dot products are of signed bytes: w becomes the weight itself.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+dotprod")
#endif
#define CK(name) PASTE(name, _dotprod)
#define SIGNED_BYTES 1
#define DOT8(s, w, x) \
  ((CK(ints))vdotq_s32((int32x4_t)(s), (int8x16_t)veorq_u8((uint8x16_t)(w), vdupq_n_u8(128)), (int8x16_t)(x)))
#include "reduced_int_body.h"
#undef CK
#undef DOT8
#undef SIGNED_BYTES
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

/// Whether there are dot products of bytes.
static int way(ck_format format) {
#if defined(__aarch64__) && defined(__linux__)
  // HWCAP_ASIMDDP
  if (format == CK_INT8 && ck_dots_allowed() && (getauxval(AT_HWCAP) & (1ul << 20))) return 1;
#endif
  return 0;
}

void ck_int_product(ck_format format, const float *x, long rows, long stride, ck_layout g, const float *panel,
                    ck_ending e, long columns, float *y, long out) {
#if defined(__aarch64__) && defined(__linux__)
  if (way(format) == 1) {
    int_product_dotprod(format, x, rows, stride, g, panel, e, columns, y, out);
    return;
  }
#endif
  int_product_base(format, x, rows, stride, g, panel, e, columns, y, out);
}

int ck_int_is_fast(ck_format format) { return way(format); }

const char *ck_int_instructions(ck_format format) { return way(format) ? "dot products of bytes" : "multiply-adds"; }

#endif
