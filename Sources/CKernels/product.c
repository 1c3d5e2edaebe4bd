// Matrix products for AVX-512. OpenBLAS reaches about 85 % of what a processor with 256-bit arithmetic units can do with
// AVX-512 instructions, and packs its operands again in every call and thread; here one side is packed once, in panels of
// 32 columns, and the other is read where it lies.
#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>

#define WIDTH CK_PANEL  // two registers
#define AVX512 __attribute__((target("avx512f")))

int ck_has_product(void) { return ck_level() == 2; }

/// A 16 x 16 square, turned: to[k][j] = from[j][k].
AVX512 static void turn(const float *from, long stride, float *to) {
  __m512 a[16], b[16];
  for (int i = 0; i < 16; i++) a[i] = _mm512_loadu_ps(from + i * stride);
  for (int i = 0; i < 16; i += 2) {
    b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
    b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
  }
  for (int i = 0; i < 16; i += 4)
    for (int j = 0; j < 2; j++) {
      __m512d low = _mm512_castps_pd(b[i + j]), high = _mm512_castps_pd(b[i + j + 2]);
      a[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, high));
      a[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, high));
    }
  // a[4 g + c] now holds, in its quarter q, column 4 q + c of rows 4 g ..< 4 g + 4.
  for (int c = 0; c < 4; c++) {
    __m512 even0 = _mm512_shuffle_f32x4(a[c], a[4 + c], 0x88), odd0 = _mm512_shuffle_f32x4(a[c], a[4 + c], 0xdd);
    __m512 even1 = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0x88), odd1 = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0xdd);
    _mm512_storeu_ps(to + c * WIDTH, _mm512_shuffle_f32x4(even0, even1, 0x88));
    _mm512_storeu_ps(to + (4 + c) * WIDTH, _mm512_shuffle_f32x4(odd0, odd1, 0x88));
    _mm512_storeu_ps(to + (8 + c) * WIDTH, _mm512_shuffle_f32x4(even0, even1, 0xdd));
    _mm512_storeu_ps(to + (12 + c) * WIDTH, _mm512_shuffle_f32x4(odd0, odd1, 0xdd));
  }
}

void ck_pack_panel(const float *weight, long stride, long inputs, long outputs, float *panel) {
  long whole = inputs - inputs % 16;
  for (long j = 0; j < WIDTH; j += 16) {
    if (j + 16 <= outputs) {
      for (long k = 0; k < whole; k += 16) turn(weight + j * stride + k, stride, panel + k * WIDTH + j);
      for (long k = whole; k < inputs; k++)
        for (long i = j; i < j + 16; i++) panel[k * WIDTH + i] = weight[i * stride + k];
    } else {
      for (long k = 0; k < inputs; k++)
        for (long i = j; i < j + 16; i++) panel[k * WIDTH + i] = i < outputs ? weight[i * stride + k] : 0;
    }
  }
}

/// One row of the first `whole` panels and of what is left of the last one. `width` is a constant where this is inlined.
AVX512 static inline __attribute__((always_inline)) void pack_row(
    int width, const float *x, long whole, long taken, long left, long distance, float *panel) {
  __mmask16 full = taken % 16 ? (__mmask16)((1u << taken % 16) - 1) : 0xffff;
  for (long p = 0; p < whole; p++, x += taken, panel += distance)
    for (int j = 0; j < width; j += 16)
      _mm512_storeu_ps(panel + j, j + 16 < width ? _mm512_loadu_ps(x + j) : _mm512_maskz_loadu_ps(full, x + j));
  for (int j = 0; left > 0 && j < width; j += 16) {
    __mmask16 some = left >= j + 16 ? 0xffff : left > j ? (__mmask16)((1u << (left - j)) - 1) : 0;
    _mm512_storeu_ps(panel + j, _mm512_maskz_loadu_ps(some, x + j));
  }
}

AVX512 void ck_pack_columns(const float *x, long stride, long inputs, long columns, long taken, long distance,
                            float *panels) {
  long whole = columns / taken, left = columns % taken;
  for (long k = 0; k < inputs; k++) {
    // Rows far apart are not foreseen by the processor.
    const float *row = x + k * stride, *later = row + 8 * stride;
    if (k + 8 < inputs)
      for (long c = 0; c < columns; c += 16) _mm_prefetch((const char *)(later + c), _MM_HINT_T0);
    if (taken > 16)
      pack_row(32, row, whole, taken, left, distance, panels + k * 32);
    else
      pack_row(16, row, whole, taken, left, distance, panels + k * 16);
  }
}

/// `rows` and `wide` are constants where this is inlined, so that all sums stay in registers: 14 rows use 28 of 32. Without
/// `wide` there are at most 16 columns, and the second half of the panel is not read. Input k of row r is
/// x[r * stride + k * step]. `bias` has a number for each column, `start` one for each row; `floor` is the least number that
/// is written, unless the sums are added to y.
AVX512 static inline __attribute__((always_inline)) void block(
    int rows, int wide, const float *x, long stride, long step, long inputs, const float *panel, const float *bias,
    const float *start, float floor, int add, long columns, float *y, long out) {
  __m512 sums[14][2];
  __mmask16 first = columns >= 16 ? 0xffff : (__mmask16)((1u << columns) - 1);
  __mmask16 second = columns >= 32 ? 0xffff : columns > 16 ? (__mmask16)((1u << (columns - 16)) - 1) : 0;
  __m512 start0 = bias ? _mm512_maskz_loadu_ps(first, bias) : _mm512_setzero_ps();
  __m512 start1 = bias ? _mm512_maskz_loadu_ps(second, bias + 16) : _mm512_setzero_ps();
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    sums[r][0] = start ? _mm512_set1_ps(start[r]) : start0;
    sums[r][1] = start ? _mm512_set1_ps(start[r]) : start1;
  }
  for (long k = 0; k < inputs; k++) {
    __m512 w0 = _mm512_loadu_ps(panel + k * WIDTH), w1 = wide ? _mm512_loadu_ps(panel + k * WIDTH + 16) : w0;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      __m512 value = _mm512_set1_ps(x[r * stride + k * step]);
      sums[r][0] = _mm512_fmadd_ps(value, w0, sums[r][0]);
      if (wide) sums[r][1] = _mm512_fmadd_ps(value, w1, sums[r][1]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    if (add) {
      sums[r][0] = _mm512_add_ps(sums[r][0], _mm512_maskz_loadu_ps(first, y + r * out));
      sums[r][1] = _mm512_add_ps(sums[r][1], _mm512_maskz_loadu_ps(second, y + r * out + 16));
    } else {
      // Of two numbers that cannot be compared this gives the second: NaN stays.
      sums[r][0] = _mm512_max_ps(_mm512_set1_ps(floor), sums[r][0]);
      sums[r][1] = _mm512_max_ps(_mm512_set1_ps(floor), sums[r][1]);
    }
    _mm512_mask_storeu_ps(y + r * out, first, sums[r][0]);
    _mm512_mask_storeu_ps(y + r * out + 16, second, sums[r][1]);
  }
}

AVX512 static inline __attribute__((always_inline)) void product(
    const float *x, long rows, long stride, long step, long inputs, const float *panel, const float *bias,
    const float *start, float floor, int add, long columns, float *y, long out) {
  long blocks = (rows + 13) / 14;  // of nearly equal height, so that none is left with a row or two
  for (long i = 0; i < blocks; i++) {
    long from = rows * i / blocks, to = rows * (i + 1) / blocks;
    const float *a = x + from * stride;
    float *c = y + from * out;
#define ROWS(n)                                                                                                        \
  case n:                                                                                                              \
    if (columns > 16)                                                                                                  \
      block(n, 1, a, stride, step, inputs, panel, bias, start ? start + from : 0, floor, add, columns, c, out);        \
    else                                                                                                               \
      block(n, 0, a, stride, step, inputs, panel, bias, start ? start + from : 0, floor, add, columns, c, out);        \
    break;
    switch (to - from) {
      ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7)
      ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12) ROWS(13) ROWS(14)
    }
#undef ROWS
  }
}

AVX512 void ck_product(const float *x, long rows, long stride, long inputs, const float *panel, const float *bias,
                       long columns, float *y, long out) {
  product(x, rows, stride, 1, inputs, panel, bias, 0, -INFINITY, 0, columns, y, out);
}

AVX512 void ck_product_rows(const float *x, long rows, long stride, long inputs, const float *panel, const float *bias,
                            float floor, long columns, float *y, long out) {
  product(x, rows, stride, 1, inputs, panel, 0, bias, floor, 0, columns, y, out);
}

AVX512 void ck_product_turned(const float *x, long rows, long step, long inputs, const float *panel, int add,
                              long columns, float *y, long out) {
  if (add)
    product(x, rows, 1, step, inputs, panel, 0, 0, 0, 1, columns, y, out);
  else
    product(x, rows, 1, step, inputs, panel, 0, 0, -INFINITY, 0, columns, y, out);
}

#else

int ck_has_product(void) { return 0; }
void ck_pack_panel(const float *weight, long stride, long inputs, long outputs, float *panel) {}
void ck_pack_columns(const float *x, long stride, long inputs, long columns, long taken, long distance,
                     float *panels) {}
void ck_product(const float *x, long rows, long stride, long inputs, const float *panel, const float *bias,
                long columns, float *y, long out) {}
void ck_product_rows(const float *x, long rows, long stride, long inputs, const float *panel, const float *bias,
                     float floor, long columns, float *y, long out) {}
void ck_product_turned(const float *x, long rows, long step, long inputs, const float *panel, int add, long columns,
                       float *y, long out) {}

#endif
