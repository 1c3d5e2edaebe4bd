// 3 x 3 convolutions of stride 1 by Winograd's minimal filtering, F(4 x 4, 3 x 3) (Lavin and Gray, arXiv 1509.09308):
// a tile of 4 x 4 output cells takes 36 products for each pair of channels, not 144. The products themselves are 36
// matrix products, which the caller does; here are the changes of form before and behind them.
#include "dispatch.h"

#include <string.h>

#define RUN 32  // tiles of one row that are worked on together

/// Where a tile lies. A kernel of dilation 2 sees two times two thinned-out pictures that know nothing of each other; tiles
/// of the two that share their rows lie in turns, so that lines are read and written as they are.
typedef struct {
  long sample, phase, row, column;
} ck_place;

static ck_place place(ck_tiles g, long tile) {
  ck_place p;
  p.column = tile % (g.columns * g.dilation);
  tile /= g.columns * g.dilation;
  p.row = tile % g.rows;
  tile /= g.rows;
  p.phase = tile % g.dilation;
  p.sample = tile / g.dilation;
  return p;
}

// Vectors are passed between functions of this file only, which are inlined: no calling convention is at stake.
#pragma clang diagnostic ignored "-Wpsabi"

#define CK(name) PASTE(name, _base)
#include "winograd_body.h"
#undef CK

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define CK(name) PASTE(name, _avx2)
#include "winograd_body.h"
#undef CK
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))), \
                             apply_to = function)
#define CK(name) PASTE(name, _avx512)
#include "winograd_body.h"
#undef CK
#pragma clang attribute pop
#endif

void ck_winograd_input(const float *x, ck_tiles g, long first, long count, float *v, long stride) {
  DISPATCH(input, (x, g, first, count, v, stride))
}

void ck_winograd_output(const float *m, long stride, ck_tiles g, long first, long count, float bias, float floor,
                        float *y) {
  DISPATCH(output, (m, stride, g, first, count, bias, floor, y))
}

void ck_winograd_slope(const float *dy, ck_tiles g, long first, long count, float *m, long stride) {
  DISPATCH(slope, (dy, g, first, count, m, stride))
}

void ck_winograd_kernels(const float *weight, long outputs, long channels, int turned, float *u) {
  float g[9][RUN];
  long rows = turned ? channels : outputs, columns = turned ? outputs : channels;
  for (long row = 0; row < rows; row++)
    for (long first = 0; first < columns; first += RUN) {
      long count = smaller(RUN, columns - first);
      for (long t = 0; t < count; t++) {
        const float *from = weight + (turned ? (first + t) * channels + row : row * channels + first + t) * 9;
        for (long k = 0; k < 9; k++) g[k][t] = from[turned ? 8 - k : k];
      }
      DISPATCH(kernels, (g, count, u + row * columns + first, outputs * channels))
    }
}

void ck_winograd_kernel_slopes(const float *du, long outputs, long channels, float *dweight) {
  float g[9][RUN];
  long size = outputs * channels;
  for (long first = 0; first < size; first += RUN) {
    long count = smaller(RUN, size - first);
    DISPATCH(kernel_slopes, (du + first, size, count, g))
    for (long t = 0; t < count; t++)
      for (long k = 0; k < 9; k++) dweight[(first + t) * 9 + k] = g[k][t];
  }
}
