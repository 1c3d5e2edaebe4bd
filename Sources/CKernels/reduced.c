// Matrix products of reduced precision: bf16, and whole numbers of 16 or 8 bits that share a scale. Sums are made in 32 bits.
#include "reduced.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Vectors are passed between functions of this file only, which are inlined: no calling convention is at stake.
#pragma clang diagnostic ignored "-Wpsabi"
#pragma GCC diagnostic ignored "-Wpsabi"

#define LANES 4
#define ROWS 4
#define CK(name) PASTE(name, _base)
#include "reduced_body.h"
#undef CK
#undef LANES

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LANES 8
#define CK(name) PASTE(name, _avx2)
#include "reduced_body.h"
#undef CK
#undef LANES
#undef ROWS
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))), \
                             apply_to = function)
#define LANES 16
#define ROWS 12
#define CK(name) PASTE(name, _avx512)
#include "reduced_body.h"
#undef CK
#undef LANES
#pragma clang attribute pop
#endif

// Choice of instructions

static _Thread_local int most_dots = -1;

void ck_force_dots(int dots) { most_dots = dots < 0 ? -1 : dots; }
int ck_forced_dots(void) { return most_dots; }
int ck_dots_allowed(void) { return most_dots < 0 ? 2 : most_dots; }

enum bf16_way ck_bf16_way(void) {
#if defined(__x86_64__)
  if (ck_level() != 2 || most_dots == 0) return bf16_wide;
  if (ck_dots_allowed() == 2 && ck_amx_works()) return bf16_amx;
  if (!__builtin_cpu_supports("avx512bf16")) return bf16_wide;
  // Sapphire Rapids makes products of bf16 at half the rate of 32-bit ones (measured): without tiles, widening is faster.
  return most_dots == 1 || __builtin_cpu_is("amd") ? bf16_dot : bf16_wide;
#elif defined(__aarch64__)
  return ck_bf16_has_dot() && most_dots != 0 ? bf16_dot : bf16_wide;
#else
  return bf16_wide;
#endif
}

const char *ck_reduced_instructions(ck_format format) {
  static const char *const bf16[] = {"widened to 32 bits", "dot products of bf16", "AMX tiles"};
  return format == CK_BF16 ? bf16[ck_bf16_way()] : ck_int_instructions(format);
}

int ck_reduced_is_faster(ck_format format) {
  return format == CK_BF16 ? ck_bf16_way() != bf16_wide : ck_int_is_fast(format);
}

// Layout

long ck_reduced_row(ck_format format, long inputs) {
  ck_layout g = layout(format, inputs);
  long size = format == CK_BF16 && ck_bf16_way() == bf16_wide ? (inputs + 1) / 2 * 2 : g.row_head + g.padded;
  // Rows a multiple of 4 KiB apart push each other out of the first cache.
  return size % 512 == 0 ? size + UNIT : size;
}

long ck_reduced_panel(ck_format format, long inputs) {
  ck_layout g = layout(format, inputs);
  return g.panel_head + g.padded * WIDTH;
}

void ck_reduced_rows(ck_format format, const float *x, long rows, long stride, long inputs, float *to) {
#if defined(__x86_64__)
  if (format == CK_BF16 && ck_bf16_way() != bf16_wide) {
    ck_bf16_rows_dot(x, rows, stride, layout(format, inputs), to, ck_reduced_row(format, inputs));
    return;
  }
#endif
  DISPATCH(make_rows, (format, x, rows, stride, layout(format, inputs), to, ck_reduced_row(format, inputs), ck_bf16_way()))
}

void ck_reduced_turned_rows(const float *x, long stride, long inputs, long rows, float *to) {
  DISPATCH(turned_rows, (x, stride, layout(CK_BF16, inputs), rows, to, ck_reduced_row(CK_BF16, inputs), ck_bf16_way()))
}

void ck_reduced_softmax(ck_format format, const float *x, long rows, long stride, long inputs, float scale, float *to,
                        float *shares) {
  DISPATCH(softmax_rows, (format, x, rows, stride, scale, layout(format, inputs), to, ck_reduced_row(format, inputs),
                          ck_bf16_way(), shares))
}

void ck_reduced_pack_panel(ck_format format, const float *x, long stride, long inputs, long columns, float *panel) {
  DISPATCH(make_panel, (format, x, stride, layout(format, inputs), columns, panel))
}

void ck_reduced_pack_columns(ck_format format, const float *x, long stride, long inputs, long columns, float *panel) {
  DISPATCH(make_columns, (format, x, stride, layout(format, inputs), columns, panel))
}

void ck_reduced_product(ck_format format, const float *x, long rows, long inputs, const float *panel, const float *bias,
                        const float *start, float floor, long columns, float *y, long out) {
  ck_layout g = layout(format, inputs);
  ck_ending e = {.bias = start ? 0 : bias, .start = start, .floor = floor};
  long stride = ck_reduced_row(format, inputs);
  if (format != CK_BF16) {
    ck_int_product(format, x, rows, stride, g, panel, e, columns, y, out);
    return;
  }
  switch (ck_bf16_way()) {
    case bf16_amx: ck_bf16_product_amx(x, rows, stride, g, panel, e, columns, y, out); break;
    case bf16_dot: ck_bf16_product_dot(x, rows, stride, g, panel, e, columns, y, out); break;
    default: DISPATCH(wide_product, (x, rows, stride, g, panel, e, columns, y, out))
  }
}

void ck_reduced_gelu(float *y, long rows, long columns, long out) { DISPATCH(quick_gelu, (y, rows, columns, out)) }

int ck_has_tiles(ck_format format) {
  if (format == CK_BF16) return ck_bf16_way() == bf16_amx;
  return format == CK_INT8 && ck_level() == 2 && ck_dots_allowed() == 2 && ck_amx_works();
}

void ck_reduced_products(ck_format format, const float *x, long rows, long inputs, const float *panels, const float *bias,
                         int gelu, long columns, float *y, long out) {
  ck_layout g = layout(format, inputs);
  if (ck_has_tiles(format)) {
    ck_ending e = {.bias = bias, .floor = -INFINITY, .gelu = gelu};
    (format == CK_BF16 ? ck_bf16_product_amx : ck_int8_product_amx)(x, rows, ck_reduced_row(format, inputs), g, panels, e,
                                                                    columns, y, out);
    return;
  }
  long size = ck_reduced_panel(format, inputs);
  for (long c = 0; c < columns; c += WIDTH, panels += size) {
    long some = smaller(WIDTH, columns - c);
    ck_reduced_product(format, x, rows, inputs, panels, bias ? bias + c : 0, 0, -INFINITY, some, y + c, out);
    if (!gelu) continue;
    if (format != CK_INT16) {
      ck_reduced_gelu(y + c, rows, some, out);
      continue;
    }
    for (long r = 0; r < rows; r++) ck_gelu(y + r * out + c, y + r * out + c, some);
  }
}
