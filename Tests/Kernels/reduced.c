// Checks products of reduced precision against sums in double, on odd sizes and with every set of instructions that this
// processor has; prints what was run. Compiled for arm64 and run under emulation by arm64.sh, where no Swift is at hand.
// With CK_TILES_IN_C, AMX products run on a tile unit written in C; that needs clang and a processor with AVX-512.
#include "../../Sources/CKernels/reduced.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(CK_TILES_IN_C)
#include <immintrin.h>
// In place of the instructions, which the compiler knows by these names.
#undef _tile_loadd
#undef _tile_stored
#undef _tile_zero
#undef _tile_dpbf16ps
#undef _tile_dpbsud
#define _tile_loadconfig c_tile_loadconfig
#define _tile_release c_tile_release
#define _tile_zero c_tile_zero
#define _tile_loadd c_tile_loadd
#define _tile_stored c_tile_stored
#define _tile_dpbf16ps c_tile_dpbf16ps
#define _tile_dpbsud c_tile_dpbsud
// What Intel's manual says about AMX tiles, one number at a time.
static struct { unsigned char rows; unsigned short bytes; unsigned char data[16][64]; } tile[8];

static void _tile_loadconfig(const void *p) {
  const unsigned char *c = p;
  for (int i = 0; i < 8; i++) {
    memset(&tile[i], 0, sizeof tile[i]);
    memcpy(&tile[i].bytes, c + 16 + 2 * i, 2);
    tile[i].rows = c[48 + i];
  }
}
static void _tile_release(void) { memset(tile, 0, sizeof tile); }
static void _tile_zero(int t) { memset(tile[t].data, 0, sizeof tile[t].data); }
static void _tile_loadd(int t, const void *p, long stride) {
  for (int r = 0; r < tile[t].rows; r++) memcpy(tile[t].data[r], (const char *)p + r * stride, tile[t].bytes);
}
static void _tile_stored(int t, void *p, long stride) {
  for (int r = 0; r < tile[t].rows; r++) memcpy((char *)p + r * stride, tile[t].data[r], tile[t].bytes);
}
static float half(const unsigned char *p) {
  unsigned bits = (unsigned)(p[0] | p[1] << 8) << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}
static void _tile_dpbf16ps(int d, int a, int b) {
  for (int m = 0; m < tile[d].rows; m++)
    for (int k = 0; k < tile[a].bytes / 4; k++)
      for (int n = 0; n < tile[d].bytes / 4; n++) {
        float sum;
        memcpy(&sum, tile[d].data[m] + 4 * n, 4);
        sum += half(tile[a].data[m] + 4 * k) * half(tile[b].data[k] + 4 * n);
        sum += half(tile[a].data[m] + 4 * k + 2) * half(tile[b].data[k] + 4 * n + 2);
        memcpy(tile[d].data[m] + 4 * n, &sum, 4);
      }
}
static void _tile_dpbsud(int d, int a, int b) {
  for (int m = 0; m < tile[d].rows; m++)
    for (int k = 0; k < tile[a].bytes / 4; k++)
      for (int n = 0; n < tile[d].bytes / 4; n++) {
        int sum;
        memcpy(&sum, tile[d].data[m] + 4 * n, 4);
        for (int i = 0; i < 4; i++) sum += (signed char)tile[a].data[m][4 * k + i] * tile[b].data[k][4 * n + i];
        memcpy(tile[d].data[m] + 4 * n, &sum, 4);
      }
}
#define ck_bf16_product_amx bf16_tiles
#define ck_int8_product_amx int8_tiles
#define TILES __attribute__((target("avx512f")))
#include "../../Sources/CKernels/reduced_amx.h"
#undef ck_bf16_product_amx
#undef ck_int8_product_amx
#endif

static unsigned long seed = 1;
static float noise(void) {
  float sum = 0;
  for (int i = 0; i < 4; i++) {
    seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    sum += (float)(seed >> 40) / (1 << 24);
  }
  return 2 * sum - 4;
}

static int faults = 0;

/// Largest difference from sums in double, over the lengths of row and column.
static double check(ck_format format, long rows, long inputs, long columns, int by_columns, int tiles, float *y) {
  float *x = malloc(sizeof(float) * (size_t)(rows * (inputs + 3))), *w = malloc(sizeof(float) * (size_t)(columns * inputs));
  float start[64], bias[WIDTH];
  long row = ck_reduced_row(format, inputs);
  float *ready = aligned_alloc(64, sizeof(float) * (size_t)((rows * row + 15) / 16 * 16));
  float *panel = aligned_alloc(64, sizeof(float) * (size_t)ck_reduced_panel(format, inputs));
  seed = (unsigned long)(rows * 1000003 + inputs * 101 + columns);
  for (long i = 0; i < rows * (inputs + 3); i++) x[i] = noise() * (i % 7 == 3 ? 4 : 1);
  for (long i = 0; i < columns * inputs; i++) w[i] = noise();
  for (int i = 0; i < 64; i++) start[i] = noise();
  for (int i = 0; i < WIDTH; i++) bias[i] = noise();
  ck_reduced_rows(format, x, rows, inputs + 3, inputs, ready);
  if (by_columns)
    ck_reduced_pack_columns(format, w, columns, inputs, columns, panel);
  else
    ck_reduced_pack_panel(format, w, inputs, inputs, columns, panel);
  int by_rows = rows <= 64 && rows % 2;
  float floor = columns % 2 ? -0.5f : -INFINITY;
  for (long i = 0; i < rows * WIDTH; i++) y[i] = 12345;
#if defined(CK_TILES_IN_C)
  if (tiles) {
    ck_ending e = {.bias = by_rows ? 0 : bias, .start = by_rows ? start : 0, .floor = floor};
    (format == CK_BF16 ? bf16_tiles : int8_tiles)(ready, rows, row, layout(format, inputs), panel, e, columns, y, WIDTH);
  } else
#endif
  ck_reduced_product(format, ready, rows, inputs, panel, bias, by_rows ? start : 0, floor, columns, y, WIDTH);
  double worst = 0;
  for (long r = 0; r < rows; r++)
    for (long c = 0; c < WIDTH; c++) {
      if (c >= columns) {
        if (y[r * WIDTH + c] != 12345) faults++, printf("written beyond column %ld\n", columns);
        continue;
      }
      double sum = by_rows ? start[r] : bias[c], xx = 0, ww = 0;
      for (long k = 0; k < inputs; k++) {
        double a = x[r * (inputs + 3) + k], b = w[by_columns ? k * columns + c : c * inputs + k];
        sum += a * b, xx += a * a, ww += b * b;
      }
      if (sum < floor) sum = floor;
      double off = fabs(sum - y[r * WIDTH + c]) / sqrt(xx * ww);
      if (!(off <= worst)) worst = off;
    }
  free(x), free(w), free(ready), free(panel);
  return worst;
}

int main(void) {
  static const char *const names[] = {"bf16", "int16", "int8"};
  static const double tolerances[] = {8e-3, 6e-4, 2.5e-2};
  static const long sizes[][3] = {{1, 1, 1}, {1, 2, 32}, {3, 7, 5}, {14, 31, 32}, {15, 33, 17}, {29, 64, 31}, {33, 100, 16}, {31, 255, 9},
                                  {17, 256, 32}, {7, 257, 32}, {5, 392, 30}, {40, 513, 24}, {13, 1024, 32}, {61, 1537, 3}};
  enum { COUNT = sizeof sizes / sizeof sizes[0] };
  static float found[COUNT * 2][64 * WIDTH], first[3][COUNT * 2][64 * WIDTH];
  int known[3] = {0};
  for (int level = 0; level <= ck_best_level(); level++)
    for (int dots = 0; dots <= 2; dots++)
      for (int format = 0; format < 3; format++)
        for (int tiles = 0; tiles <= 1; tiles++) {
          ck_force_level(level);
          ck_force_dots(dots);
          if (tiles && (format == CK_INT16 || (format == CK_BF16 && ck_bf16_way() == bf16_wide))) continue;
#if !defined(TILES)
          if (tiles) continue;
#endif
          double worst = 0;
          for (int i = 0; i < 2 * COUNT; i++) {
            const long *s = sizes[i / 2];
            double off = check((ck_format)format, s[0], s[1], s[2], i % 2, tiles, found[i]);
            if (!(off <= worst)) worst = off;
            if (format == CK_BF16) continue;
            // Whole numbers: the same result, bit by bit, whatever the instructions.
            if (known[format] && memcmp(found[i], first[format][i], sizeof(float) * (size_t)(s[0] * WIDTH)) != 0)
              faults++, printf("another result for %ld x %ld x %ld\n", s[0], s[1], s[2]);
            if (!known[format]) memcpy(first[format][i], found[i], sizeof found[i]);
          }
          known[format] = 1;
          int good = worst <= tolerances[format];
          faults += !good;
          printf("%-5s level %d, dots %d, %s%s: largest error %.1e %s\n", names[format], level, dots,
                 ck_reduced_instructions((ck_format)format), tiles ? " (tiles in C)" : "", worst, good ? "" : "TOO LARGE");
        }
  printf(faults ? "%d faults\n" : "well\n", faults);
  return faults != 0;
}
