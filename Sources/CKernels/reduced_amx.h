// Included by reduced_dots.c on x86-64: products in AMX tiles. No machine that these were written on has AMX, so this code has
// NEVER BEEN EXECUTED on a processor; it was tested with a tile unit written in C in
// place of the instructions (Tests/Kernels/reduced.c), and is used only where it agrees with other instructions at the start.
// A tile is 16 rows of 64 bytes: 16 rows of x by 16 words, 16 words by 16 columns of a panel, or 16 x 16 sums.

#ifndef CK_TILES_IN_C
#define TILES __attribute__((target("avx512f,amx-tile,amx-bf16,amx-int8")))
#endif

typedef struct {
  unsigned char palette, start_row, reserved[14];
  unsigned short bytes[16];
  unsigned char rows[16];
} ck_tile_shapes;

TILES static void release_tiles(void) { _tile_release(); }

/// Tiles 0 to 3 are sums, 4 and 5 rows of x (upper and lower), 6 and 7 columns of the panel (left and right).
TILES static void shape_tiles(long upper, long lower) {
  ck_tile_shapes s = {.palette = 1};
  for (int i = 0; i < 8; i++) {
    s.bytes[i] = 64;
    s.rows[i] = 16;
  }
  s.rows[0] = s.rows[1] = s.rows[4] = (unsigned char)upper;
  s.rows[2] = s.rows[3] = s.rows[5] = (unsigned char)(lower ? lower : 1);
  _tile_loadconfig(&s);
}

/// Sums of words first ..< end, a multiple of UNIT, of up to 32 rows and a panel: sums[32][WIDTH].
TILES static void tile_sums(int bytes, const float *x, long stride, long lower, const float *words, long first, long end,
                            float *sums) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (long k = first; k < end; k += UNIT) {
    _tile_loadd(4, x + k, stride * 4);
    _tile_loadd(6, words + k * WIDTH, WIDTH * 4);
    _tile_loadd(7, words + k * WIDTH + 16, WIDTH * 4);
    if (lower) _tile_loadd(5, x + 16 * stride + k, stride * 4);
    if (bytes) {
      _tile_dpbsud(0, 4, 6);
      _tile_dpbsud(1, 4, 7);
      if (lower) {
        _tile_dpbsud(2, 5, 6);
        _tile_dpbsud(3, 5, 7);
      }
    } else {
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      if (lower) {
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
    }
  }
  _tile_stored(0, sums, WIDTH * 4);
  _tile_stored(1, sums + 16, WIDTH * 4);
  if (lower) {
    _tile_stored(2, sums + 16 * WIDTH, WIDTH * 4);
    _tile_stored(3, sums + 16 * WIDTH + 16, WIDTH * 4);
  }
}

static void tile_product(int bytes, const float *x, long rows, long stride, ck_layout g, const float *panel, ck_ending e,
                         long columns, float *y, long out) {
  float sums[32 * WIDTH] __attribute__((aligned(64))), kept[32 * WIDTH];
  long shaped = 0;
  for (long from = 0; from < rows; from += 32) {
    long count = smaller(32, rows - from), upper = smaller(16, count), lower = count - upper;
    if (shaped != count) shape_tiles(upper, lower);
    shaped = count;
    const float *row = x + from * stride;
    for (long r = 0; r < count; r++)
      for (long c = 0; c < WIDTH; c++)
        kept[r * WIDTH + c] = e.start ? e.start[from + r] : e.bias && c < columns ? e.bias[c] : 0;
    for (long b = 0; b < g.blocks; b++) {
      long end = b + 1 == g.blocks ? g.padded : edge(g, b + 1);
      tile_sums(bytes, row + g.row_head, stride, lower, panel + g.panel_head, edge(g, b), end, sums);
      for (long r = 0; r < count; r++) {
        int start;
        memcpy(&start, row + r * stride + 2 * b + 1, sizeof start);
        for (long c = 0; c < WIDTH; c++) {
          float value = sums[r * WIDTH + c];
          if (bytes) {
            int sum;
            memcpy(&sum, sums + r * WIDTH + c, sizeof sum);
            float scale = panel[b * WIDTH + c] * row[r * stride + 2 * b];
            value = (float)(sum + start) * scale;
          }
          kept[r * WIDTH + c] += value;
        }
      }
    }
    for (long r = 0; r < count; r++)
      for (long c = 0; c < columns; c++) {
        float value = kept[r * WIDTH + c];
        y[(from + r) * out + c] = value < e.floor ? e.floor : value;  // NaN stays
      }
  }
  release_tiles();
}

void ck_bf16_product_amx(const float *x, long rows, long stride, ck_layout g, const float *panel, ck_ending e,
                         long columns, float *y, long out) {
  tile_product(0, x, rows, stride, g, panel, e, columns, y, out);
}

void ck_int8_product_amx(const float *x, long rows, long stride, ck_layout g, const float *panel, ck_ending e,
                         long columns, float *y, long out) {
  tile_product(1, x, rows, stride, g, panel, e, columns, y, out);
}
