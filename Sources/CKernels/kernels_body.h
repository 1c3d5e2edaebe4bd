// Included by kernels.c once per instruction set; CK(name) gives each copy its own name.
// Vectors are written out, because compilers do not vectorise a maximum or a sum of floats on their own.

typedef float CK(vector) __attribute__((vector_size(4 * LANES)));
typedef int CK(integers) __attribute__((vector_size(4 * LANES)));
#define V CK(vector)
#define N CK(integers)
#define INLINE static inline __attribute__((always_inline))

INLINE V CK(all)(float value) { return (V){0} + value; }

INLINE V CK(load)(const float *p) {
  V v;
  memcpy(&v, p, sizeof v);
  return v;
}

INLINE void CK(store)(float *p, V v) { memcpy(p, &v, sizeof v); }

/// The last `count` < LANES numbers of an array, the other lanes filled with `fill`.
INLINE V CK(load_some)(const float *p, long count, float fill) {
  V v = CK(all)(fill);
  for (long i = 0; i < count; i++) v[i] = p[i];
  return v;
}

INLINE void CK(store_some)(float *p, V v, long count) {
  for (long i = 0; i < count; i++) p[i] = v[i];
}

/// a where the mask is set, else b.
INLINE V CK(choose)(N mask, V a, V b) { return (V)((mask & (N)a) | (~mask & (N)b)); }

INLINE float CK(sum_lanes)(V v) {
  float sums[LANES];
  memcpy(sums, &v, sizeof v);
  for (int half = LANES / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) sums[i] += sums[i + half];
  return sums[0];
}

INLINE float CK(max_lanes)(V v) {
  float top = v[0];
  for (int i = 1; i < LANES; i++) top = v[i] > top ? v[i] : top;
  return top;
}

/// e^x to about 1e-7 of its value: x = n ln 2 + r, a polynomial for e^r (Taylor to degree 7, |r| <= ln 2 / 2), 2^n by
/// its bits. Below -87.3 the result is e^-87.3 (1e-38), above 88 it is e^88; NaN stays NaN.
INLINE V CK(exponential)(V x) {
  x = CK(choose)(x < -87.3f, CK(all)(-87.3f), x);
  x = CK(choose)(x > 88.0f, CK(all)(88.0f), x);
  const float rounding = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  V shifted = x * 1.44269504f + rounding;
  N power = (N)shifted;
  V n = shifted - rounding;
  V r = x - n * 0.693145752f;  // ln 2 in two parts, so that the difference is exact
  r = r - n * 1.42860677e-6f;
  V p = CK(all)(1.0f / 5040);
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return p * (V)((power << 23) + 0x3f800000);
}

static void CK(softmax)(float *x, long rows, long columns, long stride, float scale) {
  long whole = columns - columns % LANES, rest = columns - whole;
  for (long row = 0; row < rows; row++, x += stride) {
    V top = CK(all)(-INFINITY);
    for (long i = 0; i < whole; i += LANES) {
      V v = CK(load)(x + i);
      top = CK(choose)(v > top, v, top);
    }
    if (rest) {
      V v = CK(load_some)(x + whole, rest, -INFINITY);
      top = CK(choose)(v > top, v, top);
    }
    V highest = CK(all)(CK(max_lanes)(top));
    V sums = {0};
    for (long i = 0; i < whole; i += LANES) {
      V e = CK(exponential)((CK(load)(x + i) - highest) * scale);
      CK(store)(x + i, e);
      sums += e;
    }
    float sum = CK(sum_lanes)(sums);
    if (rest) {
      V e = CK(exponential)((CK(load_some)(x + whole, rest, 0) - highest) * scale);
      CK(store_some)(x + whole, e, rest);
      for (long i = 0; i < rest; i++) sum += e[i];
    }
    float inverse = 1 / sum;
    for (long i = 0; i < whole; i += LANES) CK(store)(x + i, CK(load)(x + i) * inverse);
    for (long i = whole; i < columns; i++) x[i] *= inverse;
  }
}

static void CK(softmax_backward)(const float *p, float *d, long rows, long columns, long stride, float scale) {
  long whole = columns - columns % LANES;
  for (long row = 0; row < rows; row++, p += stride, d += stride) {
    V sums = {0};
    for (long i = 0; i < whole; i += LANES) sums += CK(load)(p + i) * CK(load)(d + i);
    float sum = CK(sum_lanes)(sums);
    for (long i = whole; i < columns; i++) sum += p[i] * d[i];
    for (long i = 0; i < whole; i += LANES) CK(store)(d + i, CK(load)(p + i) * (CK(load)(d + i) - sum) * scale);
    for (long i = whole; i < columns; i++) d[i] = p[i] * (d[i] - sum) * scale;
  }
}

/// Mean and 1 / sqrt(variance + epsilon) of a row; the variance is taken around the mean, so large means do no harm.
INLINE void CK(moments)(const float *x, long columns, float epsilon, float *mean, float *inverse) {
  long whole = columns - columns % LANES;
  V sums = {0};
  for (long i = 0; i < whole; i += LANES) sums += CK(load)(x + i);
  float sum = CK(sum_lanes)(sums);
  for (long i = whole; i < columns; i++) sum += x[i];
  *mean = sum / (float)columns;
  V squares = {0};
  for (long i = 0; i < whole; i += LANES) {
    V c = CK(load)(x + i) - *mean;
    squares += c * c;
  }
  float square = CK(sum_lanes)(squares);
  for (long i = whole; i < columns; i++) square += (x[i] - *mean) * (x[i] - *mean);
  *inverse = 1 / sqrtf(square / (float)columns + epsilon);
}

static void CK(layer_norm)(const float *x, const float *weight, const float *bias, float *y, long rows, long columns,
                           float epsilon) {
  long whole = columns - columns % LANES;
  for (long row = 0; row < rows; row++, x += columns, y += columns) {
    float mean, inverse;
    CK(moments)(x, columns, epsilon, &mean, &inverse);
    for (long i = 0; i < whole; i += LANES)
      CK(store)(y + i, (CK(load)(x + i) - mean) * inverse * CK(load)(weight + i) + CK(load)(bias + i));
    for (long i = whole; i < columns; i++) y[i] = (x[i] - mean) * inverse * weight[i] + bias[i];
  }
}

static void CK(layer_norm_backward)(const float *x, const float *weight, const float *dy, float *dx, float *dweight,
                                    float *dbias, long rows, long columns, float epsilon) {
  long whole = columns - columns % LANES;
  for (long row = 0; row < rows; row++, x += columns, dy += columns, dx += columns) {
    float mean, inverse;
    CK(moments)(x, columns, epsilon, &mean, &inverse);
    // With n = (x - mean) / deviation and g = dy * weight: dx = (g - mean(g) - n mean(g n)) / deviation.
    V plain = {0}, crossed = {0};
    for (long i = 0; i < whole; i += LANES) {
      V n = (CK(load)(x + i) - mean) * inverse, d = CK(load)(dy + i), g = d * CK(load)(weight + i);
      plain += g;
      crossed += g * n;
      CK(store)(dweight + i, CK(load)(dweight + i) + d * n);
      CK(store)(dbias + i, CK(load)(dbias + i) + d);
    }
    float g_sum = CK(sum_lanes)(plain), gn_sum = CK(sum_lanes)(crossed);
    for (long i = whole; i < columns; i++) {
      float n = (x[i] - mean) * inverse, g = dy[i] * weight[i];
      g_sum += g;
      gn_sum += g * n;
      dweight[i] += dy[i] * n;
      dbias[i] += dy[i];
    }
    float g_mean = g_sum / (float)columns, gn_mean = gn_sum / (float)columns;
    for (long i = 0; i < whole; i += LANES) {
      V n = (CK(load)(x + i) - mean) * inverse, g = CK(load)(dy + i) * CK(load)(weight + i);
      CK(store)(dx + i, (g - g_mean - n * gn_mean) * inverse);
    }
    for (long i = whole; i < columns; i++) {
      float n = (x[i] - mean) * inverse;
      dx[i] = (dy[i] * weight[i] - g_mean - n * gn_mean) * inverse;
    }
  }
}

/// The normal distribution at -|x|: its tail (Abramowitz and Stegun 7.1.26, absolute error 7.5e-8) and its density.
INLINE void CK(normal)(V x, V *tail, V *density) {
  V size = CK(choose)(x < 0.0f, -x, x);
  V t = 1.0f / (size * (0.3275911f * 0.70710678f) + 1.0f);
  V bell = CK(exponential)(x * x * -0.5f);
  V p = CK(all)(0.5f * 1.061405429f);
  p = p * t + 0.5f * -1.453152027f;
  p = p * t + 0.5f * 1.421413741f;
  p = p * t + 0.5f * -0.284496736f;
  p = p * t + 0.5f * 0.254829592f;
  *tail = p * t * bell;
  *density = bell * 0.39894228f;
}

INLINE V CK(gelu_vector)(V x) {
  V tail, density;
  CK(normal)(x, &tail, &density);
  return CK(choose)(x < 0.0f, x * tail, x - x * tail);
}

static void CK(gelu)(const float *x, float *y, long count) {
  long whole = count - count % LANES;
  for (long i = 0; i < whole; i += LANES) CK(store)(y + i, CK(gelu_vector)(CK(load)(x + i)));
  if (count > whole)
    CK(store_some)(y + whole, CK(gelu_vector)(CK(load_some)(x + whole, count - whole, 0)), count - whole);
}

INLINE V CK(gelu_slope)(V x) {
  V tail, density;
  CK(normal)(x, &tail, &density);
  return CK(choose)(x < 0.0f, tail, 1.0f - tail) + x * density;
}

static void CK(gelu_backward)(const float *x, const float *dy, float *dx, long count) {
  long whole = count - count % LANES, rest = count - whole;
  for (long i = 0; i < whole; i += LANES) CK(store)(dx + i, CK(load)(dy + i) * CK(gelu_slope)(CK(load)(x + i)));
  if (rest) {
    V slope = CK(gelu_slope)(CK(load_some)(x + whole, rest, 0));
    CK(store_some)(dx + whole, CK(load_some)(dy + whole, rest, 0) * slope, rest);
  }
}

static void CK(sigmoid)(const float *x, float *y, long count) {
  long whole = count - count % LANES, rest = count - whole;
  for (long i = 0; i < whole; i += LANES) CK(store)(y + i, 1.0f / (1.0f + CK(exponential)(-CK(load)(x + i))));
  if (rest)
    CK(store_some)(y + whole, 1.0f / (1.0f + CK(exponential)(-CK(load_some)(x + whole, rest, 0))), rest);
}

// Plain loops: the compiler vectorises these by itself.

static void CK(relu)(const float *x, float *y, long count) {
  for (long i = 0; i < count; i++) y[i] = x[i] < 0 ? 0 : x[i];  // NaN stays NaN
}

static void CK(relu_backward)(const float *y, const float *dy, float *dx, long count) {
  for (long i = 0; i < count; i++) dx[i] = y[i] > 0 ? dy[i] : 0;
}

static void CK(add)(const float *a, const float *b, float *y, long count) {
  for (long i = 0; i < count; i++) y[i] = a[i] + b[i];
}

static void CK(multiply)(const float *a, const float *b, float *y, long count) {
  for (long i = 0; i < count; i++) y[i] = a[i] * b[i];
}

static void CK(scale)(const float *x, float factor, float *y, long count) {
  for (long i = 0; i < count; i++) y[i] = factor * x[i];
}

static void CK(affine)(const float *x, float shift, float factor, float offset, float *y, long count) {
  for (long i = 0; i < count; i++) y[i] = (x[i] - shift) * factor + offset;
}

static void CK(accumulate)(float *sum, const float *x, long count) {
  for (long i = 0; i < count; i++) sum[i] += x[i];
}

#include "planes_body.h"

static void CK(adamw)(float *restrict values, const float *restrict gradient, float *restrict first,
                      float *restrict second, long count, ck_adamw_step s) {
  for (long i = 0; i < count; i++) {
    float g = gradient[i], m = s.beta1 * first[i] + s.rest1 * g, v = s.beta2 * second[i] + s.rest2 * g * g;
    first[i] = m;
    second[i] = v;
    values[i] = values[i] * s.kept - s.size * m / (sqrtf(v) * s.scale + s.epsilon);
  }
}

static void CK(centred_sums)(const float *x, const float *dy, float mean, long count, double *sum, double *product) {
  // Short runs in single precision, so that the lanes stay full, and their sums in double.
  *sum = 0, *product = 0;
  for (long start = 0; start < count; start += 512) {
    long end = start + 512 < count ? start + 512 : count, whole = start + (end - start) / LANES * LANES;
    V sums = {0}, products = {0};
    for (long i = start; i < whole; i += LANES) {
      V d = CK(load)(dy + i);
      sums += d;
      products += d * (CK(load)(x + i) - mean);
    }
    float plain = CK(sum_lanes)(sums), crossed = CK(sum_lanes)(products);
    for (long i = whole; i < end; i++) {
      plain += dy[i];
      crossed += dy[i] * (x[i] - mean);
    }
    *sum += plain;
    *product += crossed;
  }
}

static void CK(blend)(const float *a, float p, const float *b, float q, float offset, float *y, long count) {
  for (long i = 0; i < count; i++) y[i] = p * a[i] + q * b[i] + offset;
}

#undef V
#undef N
#undef INLINE
