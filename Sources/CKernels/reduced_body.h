// Included by reduced.c once per instruction set: numbers of reduced precision made of 32-bit ones, and the product of bf16
// that widens them again. LANES is the number of floats of a vector, ROWS how many rows keep their sums in registers.

typedef float CK(floats) __attribute__((vector_size(4 * LANES)));
typedef int CK(ints) __attribute__((vector_size(4 * LANES)));
typedef short CK(shorts) __attribute__((vector_size(2 * LANES)));
typedef signed char CK(bytes) __attribute__((vector_size(LANES)));
#define V CK(floats)
#define N CK(ints)
#define INLINE static inline __attribute__((always_inline))

INLINE V CK(load)(const float *p) {
  V v;
  memcpy(&v, p, sizeof v);
  return v;
}

#if LANES == 16
/// The first `count` numbers, then zeros.
INLINE V CK(load_some)(const float *p, long count) {
  if (count >= LANES) return CK(load)(p);
  return (V)_mm512_maskz_loadu_ps(count > 0 ? (__mmask16)((1u << count) - 1) : 0, p);
}

INLINE void CK(store_some)(float *p, N v, long count) {
  _mm512_mask_storeu_epi32(p, count >= LANES ? 0xffff : (__mmask16)((1u << count) - 1), (__m512i)v);
}
#else
/// The first `count` numbers, then zeros.
INLINE V CK(load_some)(const float *p, long count) {
  if (count >= LANES) return CK(load)(p);
  float v[LANES] = {0};
  for (long i = 0; i < count; i++) v[i] = p[i];
  return CK(load)(v);
}

INLINE void CK(store_some)(float *p, N v, long count) {
  if (count >= LANES)
    memcpy(p, &v, sizeof v);
  else
    for (long i = 0; i < count; i++) memcpy(p + i, (char *)&v + 4 * i, 4);
}
#endif

INLINE void CK(store)(void *p, N v) { memcpy(p, &v, sizeof v); }

/// Sizes of numbers, which compare like their bits; infinite ones and NaN are the largest.
INLINE N CK(size)(V v) { return (N)v & 0x7fffffff; }

INLINE N CK(larger)(N a, N b) {
  N is = b > a;
  return (is & b) | (~is & a);
}

/// The nearest whole numbers, of equally near ones the even one, in the lower bits; for sizes below 2^22.
INLINE N CK(nearest)(V v) { return (N)(v + 12582912.0f); }
#define NEAREST_ZERO 0x4b400000  // what `nearest` makes of 0

/// bf16 in the upper halves: the nearest, of equally near ones the even one; NaN stays NaN.
INLINE N CK(rounded)(V v) {
  N bits = (N)v, nan = v != v;
  N up = (bits + 0x7fff + ((bits >> 16) & 1)) & (N)((N){0} - 65536);
  return (nan & (bits | 0x400000) & (N)((N){0} - 65536)) | (~nan & up);
}

/// What a run of numbers is like: the largest size, and the sum of sizes where it is asked for.
typedef struct {
  float top, sum;
} CK(extent);

INLINE float CK(top)(N sizes) {
#if defined(__clang__)
  int top = __builtin_reduce_max(sizes);
#else
  int top = 0;
  for (int i = 0; i < LANES; i++) top = sizes[i] > top ? sizes[i] : top;
#endif
  float size;
  memcpy(&size, &top, sizeof size);
  return size;
}

/// Sizes in units of top / 2^16, rounded: their sum does not depend on the order.
INLINE N CK(units)(V v, V inverse) { return CK(nearest)((V)CK(size)(v) * inverse) - NEAREST_ZERO; }

INLINE int CK(sum)(N v) {
#if defined(__clang__)
  return __builtin_reduce_add(v);
#else
  int sum = 0;
  for (int i = 0; i < LANES; i++) sum += v[i];
  return sum;
#endif
}

INLINE CK(extent) CK(measure)(const float *x, long count, int summed) {
  N top = {0}, other = {0}, sum = {0};
  long i = 0;
  for (; i + 2 * LANES <= count; i += 2 * LANES) {
    top = CK(larger)(top, CK(size)(CK(load)(x + i)));
    other = CK(larger)(other, CK(size)(CK(load)(x + i + LANES)));
  }
  for (; i < count; i += LANES) top = CK(larger)(top, CK(size)(CK(load_some)(x + i, count - i)));
  CK(extent) e = {CK(top)(CK(larger)(top, other)), 0};
  if (!summed) return e;
  V inverse = (V){0} + (e.top > 1e-30f ? 65536 / e.top : 0);
  for (i = 0; i < count; i += LANES) sum += CK(units)(CK(load_some)(x + i, count - i), inverse);
  e.sum = (float)CK(sum)(sum) * (e.top / 65536);
  return e;
}

/// How far apart whole numbers are for which the largest is at most `most` and, unless it is 0, the sum at most `total`.
INLINE float CK(step)(CK(extent) e, long count, float most, float total) {
  float step = e.top / most;
  if (total > 0 && count <= FEW) {
    float least = e.top * (float)count / (total - (float)count);  // every number is rounded by at most half
    if (least > step) step = least;
  } else if (total > 0) {
    // Every number may be rounded up by half a step, and its size was by half a unit.
    float least = (e.sum + (float)count * (e.top / 65536)) / (total - (float)count);
    if (least > step) step = least;
  }
  return !(e.top < INFINITY) ? NAN : step > 1e-30f ? step : 0;
}

/// `count` numbers, divided by the step, as whole numbers of a format. Returns their sum, of bytes only.
INLINE int CK(divide)(ck_format format, const float *x, long count, float step, void *to) {
  float inverse = step > 0 ? 1 / step : 0;
  N sums = {0};
  for (long i = 0; i < count; i += LANES) {
    N q = CK(nearest)(CK(load_some)(x + i, count - i) * inverse);
    if (format == CK_INT8) {
      sums += q - NEAREST_ZERO;
      CK(bytes) b = __builtin_convertvector(q, CK(bytes));
      if (i + LANES <= count)
        memcpy((char *)to + i, &b, sizeof b);
      else
        for (long j = 0; j < count - i; j++) ((char *)to)[i + j] = ((char *)&b)[j];
    } else {
      CK(shorts) s = __builtin_convertvector(q, CK(shorts));
      if (i + LANES <= count)
        memcpy((short *)to + i, &s, sizeof s);
      else
        for (long j = 0; j < count - i; j++) ((short *)to)[i + j] = ((short *)&s)[j];
    }
  }
  return format == CK_INT8 ? CK(sum)(sums) : 0;
}

/// bf16, as 16-bit numbers; `inputs` of them.
INLINE void CK(halve)(const float *x, long inputs, uint16_t *to) {
  long i = 0;
  for (; i + LANES <= inputs; i += LANES) {
    CK(shorts) s = __builtin_convertvector(CK(rounded)(CK(load)(x + i)) >> 16, CK(shorts));
    memcpy(to + i, &s, sizeof s);
  }
  if (i < inputs) {
    N v = CK(rounded)(CK(load_some)(x + i, inputs - i)) >> 16;
    for (long j = 0; j < inputs - i; j++) to[i + j] = (uint16_t)v[j];
  }
}

static void CK(make_rows)(ck_format format, const float *x, long rows, long stride, ck_layout g, float *to, long apart,
                          enum bf16_way way) {
  for (long r = 0; r < rows; r++, x += stride, to += apart) {
    if (format == CK_BF16 && way == bf16_wide) {
      for (long i = 0; i < g.inputs; i += LANES) {
        CK(store_some)(to + i, CK(rounded)(CK(load_some)(x + i, g.inputs - i)), g.inputs - i);
      }
      if (g.inputs % 2) to[g.inputs] = 0;
      continue;
    }
    for (long i = 0; i < UNIT; i += LANES) CK(store)(to + g.row_head + g.padded - UNIT + i, (N){0});
    if (format == CK_BF16) {
      CK(halve)(x, g.inputs, (uint16_t *)(to + g.row_head));
      continue;
    }
    for (long b = 0; b < g.blocks; b++) {
      long first = edge(g, b), from = first * g.per, count = smaller(edge(g, b + 1) * g.per, g.inputs) - from;
      float step = CK(step)(CK(measure)(x + from, count, 0), count, format == CK_INT8 ? TOP8 : ROW_TOP16, 0);
      int start = -128 * CK(divide)(format, x + from, count, step, to + g.row_head + first);
      to[2 * b] = step;
      memcpy(to + 2 * b + 1, &start, sizeof start);
    }
  }
}

/// x Phi(x): Phi as 1/2 and an odd polynomial, and 0 or 1 beyond 4.2. Off by 7.5e-5 at most.
static void CK(quick_gelu)(float *y, long rows, long columns, long out) {
  for (long r = 0; r < rows; r++, y += out)
    for (long i = 0; i < columns; i += LANES) {
      V x = CK(load_some)(y + i, columns - i);
      N high = x > 4.2f, low = x < -4.2f;  // NaN is neither
      V s = x * x, p = (V){0} - 9.017594572e-10f;
      p = p * s + 7.941381188e-8f;
      p = p * s - 3.037942795e-6f;
      p = p * s + 6.689085012e-5f;
      p = p * s - 9.506586500e-4f;
      p = p * s + 9.298233757e-3f;
      p = p * s - 6.552820991e-2f;
      p = p * s + 3.984658776e-1f;
      N near = (N)(x * (p * x + 0.5f)), far = (high & (N)x) | (low & (N)(x * 0.0f));
      CK(store_some)(y + i, far | (~(high | low) & near), columns - i);
    }
}

#include "reduced_softmax_body.h"
#include "reduced_pack_body.h"

/// `rows` is a constant where this is inlined; rows of x are 32-bit numbers that have been rounded to bf16.
INLINE void CK(wide_block)(int rows, const float *x, long stride, ck_layout g, const float *words, const float *bias,
                           const float *start, float floor, long columns, float *y, long out) {
  V sums[ROWS][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int c = 0; c < 2; c++) sums[r][c] = start ? (V){0} + start[r] : CK(load)(bias + c * LANES);
  for (long k = 0; k < g.words; k++) {
    V low[2], high[2];
#pragma clang loop unroll(full)
    for (int c = 0; c < 2; c++) {
      N w = (N)CK(load)(words + k * WIDTH + c * LANES);
      low[c] = (V)(w << 16);
      high[c] = (V)(w & (N)((N){0} - 65536));
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      float a = x[r * stride + 2 * k], b = x[r * stride + 2 * k + 1];
#pragma clang loop unroll(full)
      for (int c = 0; c < 2; c++) {
        sums[r][c] += a * low[c];
        sums[r][c] += b * high[c];
      }
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int c = 0; c < 2; c++) {
      N below = sums[r][c] < floor;  // NaN is not below
      V sum = (V)((below & (N)((V){0} + floor)) | (~below & (N)sums[r][c]));
      long count = columns - c * LANES;
      if (count > 0) CK(store_some)(y + r * out + c * LANES, (N)sum, count);
    }
}

static void CK(wide_product)(const float *x, long rows, long stride, ck_layout g, const float *panel, ck_ending e,
                             long columns, float *y, long out) {
  float bias[WIDTH] = {0};
  if (e.bias) memcpy(bias, e.bias, (size_t)columns * sizeof(float));
  long blocks = (rows + ROWS - 1) / ROWS;
  for (long offset = 0; offset < columns; offset += 2 * LANES)
    for (long i = 0; i < blocks; i++) {
      long from = rows * i / blocks, to = rows * (i + 1) / blocks;
      const float *a = x + from * stride, *s = e.start ? e.start + from : 0;
      float *c = y + from * out + offset;
#define CASE(n)                                                                                                   \
  case n:                                                                                                         \
    if (n <= ROWS)                                                                                                \
      CK(wide_block)(n <= ROWS ? n : 1, a, stride, g, panel + g.panel_head + offset, bias + offset, s, e.floor,   \
                     columns - offset, c, out);                                                                   \
    break;
      switch (to - from) {
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13)
      }
#undef CASE
    }
}

#undef NEAREST_ZERO
#undef V
#undef N
#undef INLINE
