#include "dispatch.h"

#include <malloc.h>
#include <math.h>
#include <sched.h>
#include <string.h>

// The hot bodies, once per instruction set. LANES is the number of floats of a vector register.

/// The longest line that depthwise kernels copy, borders counted in.
#define CK_LINE 512

#define LANES 4
#define CK(name) PASTE(name, _base)
#include "kernels_body.h"
#undef LANES
#undef CK

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LANES 8
#define CK(name) PASTE(name, _avx2)
#include "kernels_body.h"
#undef LANES
#undef CK
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))), \
                             apply_to = function)
#define LANES 16
#define CK(name) PASTE(name, _avx512)
#include "kernels_body.h"
#undef LANES
#undef CK
#pragma clang attribute pop
#endif

// Choice of level

int ck_best_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return 2;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 1;
#endif
  return 0;
}

static int chosen = -1;  // several threads may write it at once, but only ever the same value

static _Thread_local int forced = -1;

int ck_level(void) {
  if (forced >= 0) return forced;
  int level = __atomic_load_n(&chosen, __ATOMIC_RELAXED);
  if (level < 0) {
    level = ck_best_level();
    __atomic_store_n(&chosen, level, __ATOMIC_RELAXED);
  }
  return level;
}

int ck_forced_level(void) { return forced; }

void ck_force_level(int level) {
  if (level < 0) {
    forced = -1;
    return;
  }
  int best = ck_best_level();
  forced = level > best ? best : level;
}

int ck_available_cores(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    int count = CPU_COUNT(&set);
    if (count > 0) return count;
  }
  return 1;
}

void ck_keep_freed_memory(void) {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most it takes
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
  mallopt(M_TOP_PAD, 16 << 20);
#endif
}

void ck_release_freed_memory(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

void ck_softmax(float *x, long rows, long columns, long stride, float scale) {
  DISPATCH(softmax, (x, rows, columns, stride, scale))
}

void ck_softmax_backward(const float *p, float *d, long rows, long columns, long stride, float scale) {
  DISPATCH(softmax_backward, (p, d, rows, columns, stride, scale))
}

void ck_layer_norm(const float *x, const float *weight, const float *bias, float *y, long rows, long columns,
                   float epsilon) {
  DISPATCH(layer_norm, (x, weight, bias, y, rows, columns, epsilon))
}

void ck_layer_norm_backward(const float *x, const float *weight, const float *dy, float *dx, float *dweight,
                            float *dbias, long rows, long columns, float epsilon) {
  DISPATCH(layer_norm_backward, (x, weight, dy, dx, dweight, dbias, rows, columns, epsilon))
}

void ck_sum_rows(const float *x, float *sum, long rows, long columns) {
  for (long row = 0; row < rows; row++) ck_accumulate(sum, x + row * columns, columns);
}

void ck_gelu(const float *x, float *y, long count) { DISPATCH(gelu, (x, y, count)) }
void ck_gelu_backward(const float *x, const float *dy, float *dx, long count) {
  DISPATCH(gelu_backward, (x, dy, dx, count))
}
void ck_sigmoid(const float *x, float *y, long count) { DISPATCH(sigmoid, (x, y, count)) }
void ck_relu(const float *x, float *y, long count) { DISPATCH(relu, (x, y, count)) }
void ck_relu_backward(const float *y, const float *dy, float *dx, long count) {
  DISPATCH(relu_backward, (y, dy, dx, count))
}
void ck_add(const float *a, const float *b, float *y, long count) { DISPATCH(add, (a, b, y, count)) }
void ck_multiply(const float *a, const float *b, float *y, long count) { DISPATCH(multiply, (a, b, y, count)) }
void ck_scale(const float *x, float factor, float *y, long count) { DISPATCH(scale, (x, factor, y, count)) }
void ck_affine(const float *x, float shift, float factor, float offset, float *y, long count) {
  DISPATCH(affine, (x, shift, factor, offset, y, count))
}
void ck_blend(const float *a, float p, const float *b, float q, float offset, float *y, long count) {
  DISPATCH(blend, (a, p, b, q, offset, y, count))
}
void ck_centred_sums(const float *x, const float *dy, float mean, long count, double *sum, double *product) {
  DISPATCH(centred_sums, (x, dy, mean, count, sum, product))
}
void ck_accumulate(float *sum, const float *x, long count) { DISPATCH(accumulate, (sum, x, count)) }

void ck_adamw(float *values, const float *gradient, float *first, float *second, long count, ck_adamw_step step) {
  DISPATCH(adamw, (values, gradient, first, second, count, step))
}

double ck_sum_squares(const float *x, long count) {
  double sums[8] = {0};  // independent, so that additions overlap
  long whole = count - count % 8;
  for (long i = 0; i < whole; i += 8)
    for (int lane = 0; lane < 8; lane++) sums[lane] += (double)x[i + lane] * x[i + lane];
  for (long i = whole; i < count; i++) sums[0] += (double)x[i] * x[i];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

double ck_sum(const float *x, long count) {
  double sums[8] = {0};  // independent, so that additions overlap
  long whole = count - count % 8;
  for (long i = 0; i < whole; i += 8)
    for (long lane = 0; lane < 8; lane++) sums[lane] += x[i + lane];
  for (long i = whole; i < count; i++) sums[0] += x[i];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

void ck_depthwise_slope(const float *x, const float *dy, ck_window window, float *dkernel) {
  DISPATCH(depthwise_slope, (x, dy, window, dkernel))
}

void ck_depthwise(const float *x, const float *kernel, float bias, ck_window window, float *y) {
  DISPATCH(depthwise, (x, kernel, bias, window, y))
}

// Windows: copying, so the instruction set matters little.

/// The output columns lo ..< hi that read inside the picture at kernel offset `offset` (which may be negative).
static void inside(long offset, long stride, long size, long out, long *lo, long *hi) {
  *lo = offset < 0 ? smaller((-offset + stride - 1) / stride, out) : 0;
  *hi = offset >= size ? 0 : smaller((size - 1 - offset) / stride + 1, out);
  if (*hi < *lo) *hi = *lo;
}

void ck_max_pool(const float *x, ck_window w, float *y, long *places, long start) {
  if (w.kernel_height == 2 && w.kernel_width == 2 && w.stride == 2 && w.dilation == 1 && w.pad_top == 0 &&
      w.pad_left == 0 && w.width % 2 == 0) {
    DISPATCH(max_pool2, (x, w.height, w.width, y))
    if (!places) return;
    for (long row = 0; row < w.out_height; row++)
      for (long i = 0; i < w.out_width; i++) {
        // The first of the four that is the top.
        long at = 2 * row * w.width + 2 * i;
        float top = *y++;
        int second = x[at] == top, third = second | (x[at + 1] == top), fourth = third | (x[at + w.width] == top);
        long place = second ? 0 : third ? 1 : fourth ? w.width : w.width + 1;
        *places++ = start + at + place;
      }
    return;
  }
  for (long row = 0; row < w.out_height; row++)
    for (long column = 0; column < w.out_width; column++) {
      float top = -INFINITY;
      long place = -1;
      for (long ky = 0; ky < w.kernel_height; ky++) {
        long line = row * w.stride - w.pad_top + ky * w.dilation;
        if (line < 0 || line >= w.height) continue;
        for (long kx = 0; kx < w.kernel_width; kx++) {
          long cell = column * w.stride - w.pad_left + kx * w.dilation;
          if (cell < 0 || cell >= w.width) continue;
          float value = x[line * w.width + cell];
          if (place < 0 || value > top || value != value) {
            top = value;
            place = line * w.width + cell;
          }
        }
      }
      *y++ = top;
      if (places) *places++ = start + place;
    }
}

/// What one tap of a window sees, `rows` rows of it: numbers lo ..< hi of a row are `stride` apart in its line of the image, the
/// others lie beside it, as whole lines do that are not among `height` from `line` on. Lines are `step` numbers apart.
typedef struct {
  long line, height, stride, step, lo, hi, width, rows;
} tap;

static void tap_rows(const float *x, tap t, float *to) {
  for (long row = 0; row < t.rows; row++, t.line += t.stride, to += t.width) {
    if (t.line < 0 || t.line >= t.height) {
      memset(to, 0, (size_t)t.width * sizeof(float));
      continue;
    }
    const float *line = x + t.line * t.step;
    for (long i = 0; i < t.lo; i++) to[i] = 0;
    if (t.stride == 1)
      memcpy(to + t.lo, line + t.lo, (size_t)(t.hi - t.lo) * sizeof(float));
    else
      for (long i = t.lo; i < t.hi; i++) to[i] = line[i * t.stride];
    for (long i = t.hi; i < t.width; i++) to[i] = 0;
  }
}

#if defined(__x86_64__)
#include <immintrin.h>

/// Bits from ..< to of 16.
static inline __mmask16 bits16(long from, long to) {
  from = from < 0 ? 0 : from > 16 ? 16 : from;
  to = to < 0 ? 0 : to > 16 ? 16 : to;
  return (__mmask16)(to > from ? (1u << to) - (1u << from) : 0);
}

/// The same for a stride of 2: rows are often shorter than a register, and nothing beside the image is read.
__attribute__((target("avx512f"))) static void tap_rows2_avx512(const float *x, tap t, float *to) {
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  for (long i = 0; i < t.width; i += 16) {
    long from = 2 * (t.lo - i), end = 2 * (t.hi - i) - 1;
    __mmask16 low = bits16(from, end), high = bits16(from - 16, end - 16), some = bits16(0, t.width - i);
    float *row = to + i;
    for (long line = t.line; line < t.line + 2 * t.rows; line += 2, row += t.width) {
      const float *numbers = x + line * t.step + 2 * i;
      __m512 all = _mm512_setzero_ps();
      if (line >= 0 && line < t.height)
        all = _mm512_permutex2var_ps(
            _mm512_maskz_loadu_ps(low, numbers), even, _mm512_maskz_loadu_ps(high, numbers + 16));
      _mm512_mask_storeu_ps(row, some, all);
    }
  }
}
#endif

void ck_im2col(const float *x, ck_window w, long first, long rows, float *columns) {
  void (*take)(const float *, tap, float *) = tap_rows;
#if defined(__x86_64__)
  if (ck_level() == 2 && w.stride == 2) take = tap_rows2_avx512;
#endif
  for (long channel = 0; channel < w.channels; channel++, x += w.height * w.width)
    for (long ky = 0; ky < w.kernel_height; ky++)
      for (long kx = 0; kx < w.kernel_width; kx++, columns += rows * w.out_width) {
        long offset = kx * w.dilation - w.pad_left;
        tap t = {first * w.stride - w.pad_top + ky * w.dilation, w.height, w.stride, w.width, 0, 0, w.out_width, rows};
        inside(offset, w.stride, w.width, w.out_width, &t.lo, &t.hi);
        take(x + offset, t, columns);
      }
}

void ck_col2im(const float *columns, ck_window w, float *x) {
  for (long channel = 0; channel < w.channels; channel++)
    for (long ky = 0; ky < w.kernel_height; ky++)
      for (long kx = 0; kx < w.kernel_width; kx++) {
        long offset = kx * w.dilation - w.pad_left, lo, hi;
        inside(offset, w.stride, w.width, w.out_width, &lo, &hi);
        for (long row = 0; row < w.out_height; row++, columns += w.out_width) {
          long y = row * w.stride - w.pad_top + ky * w.dilation;
          if (y < 0 || y >= w.height) continue;
          float *line = x + (channel * w.height + y) * w.width + offset;
          for (long i = lo; i < hi; i++) line[i * w.stride] += columns[i];
        }
      }
}
