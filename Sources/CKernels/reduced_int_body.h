// Included by reduced_int.c once per instruction set: products of whole numbers. LANES is the number of 32-bit numbers of
// a vector, ROWS and VECTORS say how many sums stay in registers; DOT16(sums, w, x) and DOT8 add the products of the
// numbers in each word, x being signed, w signed of 16 bits and unsigned of 8.

typedef float CK(floats) __attribute__((vector_size(4 * LANES)));
typedef int CK(ints) __attribute__((vector_size(4 * LANES)));
#define V CK(floats)
#define N CK(ints)
#define INLINE static inline __attribute__((always_inline))
#define TAKEN (VECTORS * LANES)
// What sums of bytes start with takes back that w is 128 more than the weight.
#if defined(SIGNED_BYTES)
#define STARTS(v) 0
#else
#define STARTS(v) (v)
#endif

INLINE N CK(word)(const float *p) {
  N v;
  memcpy(&v, p, sizeof v);
  return v;
}

INLINE V CK(number)(const float *p) {
  V v;
  memcpy(&v, p, sizeof v);
  return v;
}

INLINE int CK(whole)(const float *p) {
  int v;
  memcpy(&v, p, sizeof v);
  return v;
}

/// `rows` rows of x and TAKEN columns of a panel, `offset` behind its first. `rows` and `bytes` are constants where this is
/// inlined, so that all sums stay in registers.
INLINE void CK(int_block)(int rows, int bytes, const float *x, long stride, ck_layout g, const float *panel, long offset,
                          const float *bias, const float *start, float floor, long columns, float *y, long out) {
  // Blocks are added up where they end, or here where the last vector is not whole.
  float some[ROWS][TAKEN];
  float *to = columns < TAKEN ? some[0] : y;
  long apart = columns < TAKEN ? TAKEN : out;
  const float *words = panel + g.panel_head + offset;
  for (long b = 0; b < g.blocks; b++) {
    N sums[ROWS][VECTORS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
      for (int c = 0; c < VECTORS; c++) sums[r][c] = (N){0} + (bytes ? STARTS(CK(whole)(x + r * stride + 2 * b + 1)) : 0);
    const float *row = x + g.row_head;
    for (long k = edge(g, b), end = edge(g, b + 1); k < end; k++) {
      N w[VECTORS];
#pragma clang loop unroll(full)
      for (int c = 0; c < VECTORS; c++) w[c] = CK(word)(words + k * WIDTH + c * LANES);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        N v = (N){0} + CK(whole)(row + r * stride + k);
#pragma clang loop unroll(full)
        for (int c = 0; c < VECTORS; c++) sums[r][c] = bytes ? DOT8(sums[r][c], w[c], v) : DOT16(sums[r][c], w[c], v);
      }
    }
    V scales[VECTORS];
#pragma clang loop unroll(full)
    for (int c = 0; c < VECTORS; c++) scales[c] = CK(number)(panel + b * WIDTH + offset + c * LANES);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
      for (int c = 0; c < VECTORS; c++) {
        float *place = to + r * apart + c * LANES;
        V before = b > 0 ? CK(number)(place) : start ? (V){0} + start[r] : CK(number)(bias + offset + c * LANES);
        V scale = scales[c] * x[r * stride + 2 * b];
        // In two steps: a fused one would give other bits where there is an instruction for it.
        V product = __builtin_convertvector(sums[r][c], V) * scale;
        V sum = before + product;
        if (floor > -INFINITY && b + 1 == g.blocks) {
          N below = sum < floor;  // NaN is not below
          sum = (V)((below & (N)((V){0} + floor)) | (~below & (N)sum));
        }
        memcpy(place, &sum, sizeof sum);
      }
  }
  if (columns < TAKEN)
    for (int r = 0; r < rows; r++) memcpy(y + r * out, some[r], (size_t)columns * sizeof(float));
}

INLINE void CK(int_rows)(int bytes, const float *x, long rows, long stride, ck_layout g, const float *panel, long offset,
                         const float *bias, const float *start, float floor, long columns, float *y, long out) {
  long blocks = (rows + ROWS - 1) / ROWS;  // of nearly equal height
  for (long i = 0; i < blocks; i++) {
    long from = rows * i / blocks, to = rows * (i + 1) / blocks;
    const float *a = x + from * stride, *s = start ? start + from : 0;
    float *c = y + from * out;
#define CASE(n) \
  case n:       \
    if (n <= ROWS) CK(int_block)(n <= ROWS ? n : 1, bytes, a, stride, g, panel, offset, bias, s, floor, columns, c, out); break;
    switch (to - from) {
      CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13) CASE(14)
    }
#undef CASE
  }
}

static void CK(int_product)(ck_format format, const float *x, long rows, long stride, ck_layout g, const float *panel,
                            ck_ending e, long columns, float *y, long out) {
  float bias[WIDTH] = {0};
  if (e.bias) memcpy(bias, e.bias, (size_t)columns * sizeof(float));
  for (long offset = 0; offset < columns; offset += TAKEN) {
    if (format == CK_INT8)
      CK(int_rows)(1, x, rows, stride, g, panel, offset, bias, e.start, e.floor, columns - offset, y + offset, out);
    else
      CK(int_rows)(0, x, rows, stride, g, panel, offset, bias, e.start, e.floor, columns - offset, y + offset, out);
  }
}

#undef STARTS
#undef TAKEN
#undef INLINE
#undef N
#undef V
