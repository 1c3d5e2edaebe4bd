// Included by product.c: the same products with AVX2 and FMA, for processors without AVX-512. A panel of 32 columns is read in two
// halves, since 6 rows of 16 columns are all that 16 registers hold.

#define AVX2 __attribute__((target("avx2,fma")))
#define HALF 16

/// An 8 x 8 square, turned: to[k][j] = from[j][k].
AVX2 static void turn_avx2(const float *from, long stride, float *to) {
  __m256 a[8], b[8];
  for (int i = 0; i < 8; i++) a[i] = _mm256_loadu_ps(from + i * stride);
  for (int i = 0; i < 8; i += 2) {
    b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
    b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
  }
  for (int i = 0; i < 8; i += 4)
    for (int j = 0; j < 2; j++) {
      a[i + 2 * j] = _mm256_shuffle_ps(b[i + j], b[i + j + 2], 0x44);
      a[i + 2 * j + 1] = _mm256_shuffle_ps(b[i + j], b[i + j + 2], 0xee);
    }
  // a[4 g + c] now holds, in its half h, column 4 h + c of rows 4 g ..< 4 g + 4.
  for (int c = 0; c < 4; c++) {
    _mm256_storeu_ps(to + c * WIDTH, _mm256_permute2f128_ps(a[c], a[4 + c], 0x20));
    _mm256_storeu_ps(to + (4 + c) * WIDTH, _mm256_permute2f128_ps(a[c], a[4 + c], 0x31));
  }
}

AVX2 static void pack_panel_avx2(const float *weight, long stride, long inputs, long outputs, float *panel) {
  long whole = inputs - inputs % 8;
  for (long j = 0; j < WIDTH; j += 8) {
    long from = j + 8 <= outputs ? whole : 0;
    for (long k = 0; k < from; k += 8) turn_avx2(weight + j * stride + k, stride, panel + k * WIDTH + j);
    for (long k = from; k < inputs; k++)
      for (long i = j; i < j + 8; i++) panel[k * WIDTH + i] = i < outputs ? weight[i * stride + k] : 0;
  }
}

AVX2 static void pack_columns_avx2(const float *x, long stride, long inputs, long columns, long taken, long distance,
                                   float *panels) {
  long width = taken > HALF ? WIDTH : HALF;
  for (long k = 0; k < inputs; k++) {
    const float *row = x + k * stride;
    float *panel = panels + k * width;
    for (long c = 0; c < columns; c += taken, panel += distance) {
      long some = columns - c < taken ? columns - c : taken;
      memcpy(panel, row + c, (size_t)some * sizeof(float));
      memset(panel + some, 0, (size_t)(width - some) * sizeof(float));
    }
  }
}

/// `rows` is a constant where this is inlined. At most 16 columns; the rest as in `block`.
AVX2 static inline __attribute__((always_inline)) void block_avx2(
    int rows, const float *x, long stride, long step, long inputs, const float *panel, const float *bias,
    const float *start, float floor, int add, long columns, float *y, long out) {
  __m256 sums[6][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < 2; c++) sums[r][c] = start ? _mm256_set1_ps(start[r]) : _mm256_loadu_ps(bias + 8 * c);
  for (long k = 0; k < inputs; k++) {
    __m256 w0 = _mm256_loadu_ps(panel + k * WIDTH), w1 = _mm256_loadu_ps(panel + k * WIDTH + 8);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      __m256 value = _mm256_broadcast_ss(x + r * stride + k * step);
      sums[r][0] = _mm256_fmadd_ps(value, w0, sums[r][0]);
      sums[r][1] = _mm256_fmadd_ps(value, w1, sums[r][1]);
    }
  }
  float line[HALF];
  size_t size = (size_t)columns * sizeof(float);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    float *to = columns < HALF ? line : y + r * out;
    if (add && columns < HALF) memcpy(line, y + r * out, size);
    for (int c = 0; c < 2; c++) {
      // Of two numbers that cannot be compared the second is taken: NaN stays.
      __m256 sum = add ? _mm256_add_ps(sums[r][c], _mm256_loadu_ps(to + 8 * c))
                       : _mm256_max_ps(_mm256_set1_ps(floor), sums[r][c]);
      _mm256_storeu_ps(to + 8 * c, sum);
    }
    if (columns < HALF) memcpy(y + r * out, line, size);
  }
}

AVX2 static void product_avx2(const float *x, long rows, long stride, long step, long inputs, const float *panel,
                              const float *bias, const float *start, float floor, int add, long columns, float *y,
                              long out) {
  long blocks = (rows + 5) / 6;  // of nearly equal height
  for (long half = 0; half < columns; half += HALF, panel += HALF, y += HALF) {
    long some = columns - half < HALF ? columns - half : HALF;
    float first[HALF] = {0};
    if (bias) memcpy(first, bias + half, (size_t)some * sizeof(float));
    for (long i = 0; i < blocks; i++) {
      long from = rows * i / blocks, to = rows * (i + 1) / blocks;
      const float *a = x + from * stride, *s = start ? start + from : 0;
      float *c = y + from * out;
#define ROWS(n) \
  case n: block_avx2(n, a, stride, step, inputs, panel, first, s, floor, add, some, c, out); break;
      switch (to - from) { ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) }
#undef ROWS
    }
  }
}
