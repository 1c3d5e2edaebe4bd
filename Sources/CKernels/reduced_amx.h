// Included by reduced_dots.c on x86-64: products in AMX tiles, which are used only where they agree with other instructions at
// the start. A tile is 16 rows of 64 bytes: 16 rows of x by 16 words, 16 words by 16 columns of a panel, or 16 x 16 sums.
//
// What this depends on, measured on a Xeon with AMX: rows and panels that start at a multiple of 64 bytes (else a tile takes three
// to five times as long to load), and vector instructions that have something to do while tiles are multiplied.

#ifndef CK_TILES_IN_C
#define TILES __attribute__((target("avx512f,amx-tile,amx-bf16,amx-int8")))
#endif
#define TILES_INLINE TILES static inline __attribute__((always_inline))

typedef struct {
  unsigned char palette, start_row, reserved[14];
  unsigned short bytes[16];
  unsigned char rows[16];
} ck_tile_shapes;

/// Tiles 0 to 3 are sums, 4 and 5 rows of x (upper and lower), 6 and 7 columns of the panel (left and right).
TILES static void shape_tiles(long rows) {
  long upper = smaller(16, rows), lower = rows - upper;
  ck_tile_shapes s = {.palette = 1};
  for (int i = 0; i < 8; i++) {
    s.bytes[i] = 64;
    s.rows[i] = 16;
  }
  s.rows[0] = s.rows[1] = s.rows[4] = (unsigned char)upper;
  s.rows[2] = s.rows[3] = s.rows[5] = (unsigned char)(lower ? lower : 1);
  _tile_loadconfig(&s);
}

/// Adds products of `count` words, a multiple of UNIT, of up to 32 rows and a panel to the sums.
TILES_INLINE void add_tiles(int bytes, int lower, const float *x, long stride, const float *words, long count) {
  for (long k = 0; k < count; k += UNIT) {
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
}

TILES_INLINE void clear_tiles(void) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

TILES_INLINE void store_tiles(int lower, float *sums) {
  _tile_stored(0, sums, WIDTH * 4);
  _tile_stored(1, sums + 16, WIDTH * 4);
  if (lower) {
    _tile_stored(2, sums + 16 * WIDTH, WIDTH * 4);
    _tile_stored(3, sums + 16 * WIDTH + 16, WIDTH * 4);
  }
}

/// Sums of up to 32 rows and a panel on their way to y, of whole numbers those of one block.
typedef struct {
  const float *sums;
  long rows, block, columns;
  const float *x, *panel, *bias, *start;
  float *y;
} ck_tile_sums;

/// Writes sums of bf16. `bias` and `start` may be null.
TILES_INLINE void write_sums(ck_tile_sums s, float floor, __mmask16 left, __mmask16 right, long out) {
  __m512 least = _mm512_set1_ps(floor), bias0 = _mm512_setzero_ps(), bias1 = bias0;
  if (s.bias) bias0 = _mm512_maskz_loadu_ps(left, s.bias), bias1 = _mm512_maskz_loadu_ps(right, s.bias + 16);
  for (long r = 0; r < s.rows; r++) {
    if (s.start) bias0 = bias1 = _mm512_set1_ps(s.start[r]);
    __m512 sum0 = _mm512_add_ps(_mm512_load_ps(s.sums + r * WIDTH), bias0);
    __m512 sum1 = _mm512_add_ps(_mm512_load_ps(s.sums + r * WIDTH + 16), bias1);
    // Of two numbers that cannot be compared this gives the second: NaN stays.
    _mm512_mask_storeu_ps(s.y + r * out, left, _mm512_max_ps(least, sum0));
    _mm512_mask_storeu_ps(s.y + r * out + 16, right, _mm512_max_ps(least, sum1));
  }
}

/// Multiplies whole sums by the scales of row and column, adds them to what was kept of the row's blocks before, and writes
/// them after the last one.
TILES_INLINE void scale_sums(ck_tile_sums s, long stride, ck_layout g, float floor, __mmask16 left, __mmask16 right,
                             float *kept, long out) {
  __m512 scale0 = _mm512_loadu_ps(s.panel + s.block * WIDTH), scale1 = _mm512_loadu_ps(s.panel + s.block * WIDTH + 16);
  __m512 least = _mm512_set1_ps(floor), bias0 = _mm512_setzero_ps(), bias1 = bias0;
  if (s.bias) bias0 = _mm512_maskz_loadu_ps(left, s.bias), bias1 = _mm512_maskz_loadu_ps(right, s.bias + 16);
  int first = s.block == 0, last = s.block + 1 == g.blocks;
  for (long r = 0; r < s.rows; r++) {
    const float *head = s.x + r * stride + 2 * s.block;
    __m512 scale = _mm512_set1_ps(head[0]);
    __m512i start = _mm512_castps_si512(_mm512_set1_ps(head[1]));
    __m512i whole0 = _mm512_add_epi32(_mm512_load_si512(s.sums + r * WIDTH), start);
    __m512i whole1 = _mm512_add_epi32(_mm512_load_si512(s.sums + r * WIDTH + 16), start);
    if (s.start) bias0 = bias1 = _mm512_set1_ps(s.start[r]);
    __m512 before0 = first ? bias0 : _mm512_load_ps(kept + r * WIDTH);
    __m512 before1 = first ? bias1 : _mm512_load_ps(kept + r * WIDTH + 16);
    // In two steps, as everywhere: the same bits with all instructions.
    __m512 sum0 = _mm512_add_ps(before0, _mm512_mul_ps(_mm512_cvtepi32_ps(whole0), _mm512_mul_ps(scale0, scale)));
    __m512 sum1 = _mm512_add_ps(before1, _mm512_mul_ps(_mm512_cvtepi32_ps(whole1), _mm512_mul_ps(scale1, scale)));
    if (last) {
      _mm512_mask_storeu_ps(s.y + r * out, left, _mm512_max_ps(least, sum0));
      _mm512_mask_storeu_ps(s.y + r * out + 16, right, _mm512_max_ps(least, sum1));
    } else {
      _mm512_store_ps(kept + r * WIDTH, sum0);
      _mm512_store_ps(kept + r * WIDTH + 16, sum1);
    }
  }
}

/// Writes what waits, through GELU where that is wanted, while the next tiles are multiplied.
TILES_INLINE void finish_sums(int bytes, ck_tile_sums s, long stride, ck_layout g, ck_ending e, float *kept, long out) {
  if (!s.sums) return;
  long c = s.columns;
  __mmask16 left = c >= 16 ? 0xffff : (__mmask16)((1u << c) - 1);
  __mmask16 right = c >= 32 ? 0xffff : c > 16 ? (__mmask16)((1u << (c - 16)) - 1) : 0;
  if (bytes)
    scale_sums(s, stride, g, e.floor, left, right, kept, out);
  else
    write_sums(s, e.floor, left, right, out);
  if (e.gelu && s.block + 1 == g.blocks) ck_reduced_gelu(s.y, s.rows, c, out);
}

TILES_INLINE void tile_products(int bytes, const float *x, long rows, long stride, ck_layout g, const float *panels,
                                ck_ending e, long columns, float *y, long out) {
  float sums[2][32 * WIDTH] __attribute__((aligned(64))), kept[32 * WIDTH] __attribute__((aligned(64)));
  long size = g.panel_head + g.padded * WIDTH;
  ck_tile_sums waiting = {0};
  int turn = 0;
  // Tiles get another shape once, for the rows that are left.
  long whole = rows / 32 * 32;
  for (int rest = 0; rest < 2; rest++) {
    long from = rest ? whole : 0, end = rest ? rows : whole, height = rest ? rows - whole : 32;
    if (from == end) continue;
    shape_tiles(height);
    for (long c = 0; c < columns; c += WIDTH) {
      const float *panel = panels + c / WIDTH * size;
      for (long r = from; r < end; r += 32)
        for (long b = 0; b < g.blocks; b++, turn = 1 - turn) {
          long first = edge(g, b), count = (b + 1 == g.blocks ? g.padded : edge(g, b + 1)) - first;
          const float *row = x + r * stride, *words = panel + g.panel_head + first * WIDTH;
          clear_tiles();
          if (height > 16)
            add_tiles(bytes, 1, row + g.row_head + first, stride, words, count);
          else
            add_tiles(bytes, 0, row + g.row_head + first, stride, words, count);
          finish_sums(bytes, waiting, stride, g, e, kept, out);
          if (height > 16)
            store_tiles(1, sums[turn]);
          else
            store_tiles(0, sums[turn]);
          waiting = (ck_tile_sums){.sums = sums[turn], .rows = height, .block = b, .columns = smaller(WIDTH, columns - c),
                                   .x = row, .panel = panel, .bias = e.bias ? e.bias + c : 0,
                                   .start = e.start ? e.start + r : 0, .y = y + r * out + c};
        }
    }
  }
  finish_sums(bytes, waiting, stride, g, e, kept, out);
  _tile_release();
}

TILES void ck_bf16_product_amx(const float *x, long rows, long stride, ck_layout g, const float *panels, ck_ending e,
                               long columns, float *y, long out) {
  tile_products(0, x, rows, stride, g, panels, e, columns, y, out);
}

TILES void ck_int8_product_amx(const float *x, long rows, long stride, ck_layout g, const float *panels, ck_ending e,
                               long columns, float *y, long out) {
  tile_products(1, x, rows, stride, g, panels, e, columns, y, out);
}
