// Products of bf16 by instructions for them, and products in AMX tiles.
#include "reduced.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define DOT __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

/// `rows` is a constant where this is inlined, so that all sums stay in registers.
DOT static inline __attribute__((always_inline)) void block(
    int rows, const float *x, long stride, long words, const float *panel, const float *bias, const float *start,
    float floor, long columns, float *y, long out) {
  __m512 sums[14][2];
  __mmask16 first = columns >= 16 ? 0xffff : (__mmask16)((1u << columns) - 1);
  __mmask16 second = columns >= 32 ? 0xffff : columns > 16 ? (__mmask16)((1u << (columns - 16)) - 1) : 0;
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    sums[r][0] = start ? _mm512_set1_ps(start[r]) : bias ? _mm512_maskz_loadu_ps(first, bias) : _mm512_setzero_ps();
    sums[r][1] = start ? sums[r][0] : bias ? _mm512_maskz_loadu_ps(second, bias + 16) : _mm512_setzero_ps();
  }
  for (long k = 0; k < words; k++) {
    __m512bh w0 = (__m512bh)_mm512_loadu_ps(panel + k * WIDTH), w1 = (__m512bh)_mm512_loadu_ps(panel + k * WIDTH + 16);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      __m512bh value = (__m512bh)_mm512_set1_ps(x[r * stride + k]);
      sums[r][0] = _mm512_dpbf16_ps(sums[r][0], w0, value);
      sums[r][1] = _mm512_dpbf16_ps(sums[r][1], w1, value);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    // Of two numbers that cannot be compared this gives the second: NaN stays.
    _mm512_mask_storeu_ps(y + r * out, first, _mm512_max_ps(_mm512_set1_ps(floor), sums[r][0]));
    _mm512_mask_storeu_ps(y + r * out + 16, second, _mm512_max_ps(_mm512_set1_ps(floor), sums[r][1]));
  }
}

DOT void ck_bf16_product_dot(const float *x, long rows, long stride, ck_layout g, const float *panel, ck_ending e,
                             long columns, float *y, long out) {
  long blocks = (rows + 13) / 14;  // of nearly equal height
  for (long i = 0; i < blocks; i++) {
    long from = rows * i / blocks, to = rows * (i + 1) / blocks;
    const float *a = x + from * stride, *s = e.start ? e.start + from : 0;
    float *c = y + from * out;
#define ROWS(n) \
  case n: block(n, a, stride, g.words, panel, e.bias, s, e.floor, columns, c, out); break;
    switch (to - from) {
      ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7)
      ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12) ROWS(13) ROWS(14)
    }
#undef ROWS
  }
}

int ck_bf16_has_dot(void) { return __builtin_cpu_supports("avx512bf16"); }

DOT void ck_bf16_rows_dot(const float *x, long rows, long stride, ck_layout g, float *to, long apart) {
  for (long r = 0; r < rows; r++, x += stride, to += apart)
    for (long i = 0; i < 2 * g.padded; i += 16) {
      long left = g.inputs - i;
      __mmask16 some = left >= 16 ? 0xffff : left > 0 ? (__mmask16)((1u << left) - 1) : 0;
      _mm256_storeu_si256((__m256i *)((uint16_t *)to + i), (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(some, x + i)));
    }
}

#include "reduced_amx.h"

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>

/// Whether the system lets this process use tiles: it has to be asked.
static int granted(void) {
  return syscall(SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18 /* tile data */) == 0;
}
#else
static int granted(void) { return 0; }
#endif

/// Whether tiles give what other instructions give, for a product with rows and inputs left over.
static int agrees(ck_format format) {
  enum { ROWS = 45, INPUTS = 333, ROOM = INPUTS + 64 };
  static const float nearly = 1e-4f;
  float x[ROWS * ROOM], w[WIDTH * INPUTS], ready[ROWS * ROOM] __attribute__((aligned(64)));
  float panel[WIDTH * ROOM] __attribute__((aligned(64))), tiles[ROWS * WIDTH], other[ROWS * WIDTH];
  for (int i = 0; i < ROWS * INPUTS; i++) x[i] = (float)(i * 37 % 101 - 50) / 64;
  for (int i = 0; i < WIDTH * INPUTS; i++) w[i] = (float)(i * 53 % 97 - 48) / 64;
  int before = ck_forced_dots();
  ck_force_dots(1);
  ck_layout g = layout(format, INPUTS);
  long stride = ck_reduced_row(format, INPUTS);
  ck_ending e = {.floor = -1e30f};
  ck_reduced_rows(format, x, ROWS, INPUTS, INPUTS, ready);
  ck_reduced_pack_panel(format, w, INPUTS, INPUTS, WIDTH, panel);
  ck_reduced_product(format, ready, ROWS, INPUTS, panel, 0, 0, e.floor, WIDTH, other, WIDTH);
  ck_force_dots(before);
  (format == CK_BF16 ? ck_bf16_product_amx : ck_int8_product_amx)(ready, ROWS, stride, g, panel, e, WIDTH, tiles, WIDTH);
  for (int i = 0; i < ROWS * WIDTH; i++) {
    float off = tiles[i] - other[i], size = other[i] < 0 ? -other[i] : other[i];
    if (!((off < 0 ? -off : off) <= nearly * (1 + size))) return 0;
  }
  return 1;
}

int ck_amx_works(void) {
  static int known = -1;  // several threads may write it at once, but only ever the same value
  int works = __atomic_load_n(&known, __ATOMIC_RELAXED);
  if (works < 0) {
    works = __builtin_cpu_supports("amx-bf16") && __builtin_cpu_supports("amx-int8") &&
            __builtin_cpu_supports("avx512bf16") && granted() && agrees(CK_BF16) && agrees(CK_INT8);
    __atomic_store_n(&known, works, __ATOMIC_RELAXED);
  }
  return works;
}

#elif defined(__aarch64__)
#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

#if defined(__linux__)
int ck_bf16_has_dot(void) { return (getauxval(AT_HWCAP2) & (1ul << 14)) != 0; }  // HWCAP2_BF16
#else
int ck_bf16_has_dot(void) { return 0; }
#endif

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("bf16"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+bf16")
#endif

/// `rows` rows and eight columns.
static inline __attribute__((always_inline)) void block(
    int rows, const float *x, long stride, long words, const float *panel, const float *bias, const float *start,
    float floor, long columns, float *y, long out) {
  float32x4_t sums[8][2];
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < 2; c++) sums[r][c] = start ? vdupq_n_f32(start[r]) : vld1q_f32(bias + 4 * c);
  for (long k = 0; k < words; k++) {
    bfloat16x8_t w0 = vreinterpretq_bf16_f32(vld1q_f32(panel + k * WIDTH));
    bfloat16x8_t w1 = vreinterpretq_bf16_f32(vld1q_f32(panel + k * WIDTH + 4));
    for (int r = 0; r < rows; r++) {
      bfloat16x8_t value = vreinterpretq_bf16_f32(vld1q_dup_f32(x + r * stride + k));
      sums[r][0] = vbfdotq_f32(sums[r][0], w0, value);
      sums[r][1] = vbfdotq_f32(sums[r][1], w1, value);
    }
  }
  for (int r = 0; r < rows; r++) {
    float line[8];
    for (int c = 0; c < 2; c++) vst1q_f32(line + 4 * c, vmaxq_f32(vdupq_n_f32(floor), sums[r][c]));  // NaN stays
    memcpy(y + r * out, line, (size_t)smaller(8, columns) * sizeof(float));
  }
}

void ck_bf16_product_dot(const float *x, long rows, long stride, ck_layout g, const float *panel, ck_ending e,
                         long columns, float *y, long out) {
  float bias[WIDTH] = {0};
  if (e.bias) memcpy(bias, e.bias, (size_t)columns * sizeof(float));
  for (long offset = 0; offset < columns; offset += 8)
    for (long from = 0; from < rows; from += 8) {
      const float *a = x + from * stride, *s = e.start ? e.start + from : 0;
#define ROWS(n)                                                                                          \
  case n:                                                                                                \
    block(n, a, stride, g.words, panel + offset, bias + offset, s, e.floor, columns - offset,            \
          y + from * out + offset, out);                                                                 \
    break;
      switch (smaller(8, rows - from)) {
        ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8)
      }
#undef ROWS
    }
}

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

int ck_amx_works(void) { return 0; }
void ck_bf16_product_amx(const float *x, long rows, long stride, ck_layout g, const float *panel, ck_ending e,
                         long columns, float *y, long out) {}
void ck_int8_product_amx(const float *x, long rows, long stride, ck_layout g, const float *panel, ck_ending e,
                         long columns, float *y, long out) {}

#else

int ck_bf16_has_dot(void) { return 0; }
int ck_amx_works(void) { return 0; }
void ck_bf16_product_dot(const float *x, long rows, long stride, ck_layout g, const float *panel, ck_ending e,
                         long columns, float *y, long out) {}
void ck_bf16_product_amx(const float *x, long rows, long stride, ck_layout g, const float *panel, ck_ending e,
                         long columns, float *y, long out) {}
void ck_int8_product_amx(const float *x, long rows, long stride, ck_layout g, const float *panel, ck_ending e,
                         long columns, float *y, long out) {}

#endif
