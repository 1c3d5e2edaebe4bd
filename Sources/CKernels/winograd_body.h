// Included by winograd.c once per instruction set; CK(name) gives each copy its own name. Eight neighbouring tiles of a
// row are worked on together, in vectors written out: the compiler finds no good way through the strides of four.
// Lines have room to be read and written up to the next multiple of eight tiles.

#define LINE (4 * RUN + 8)  // numbers of a line under them

typedef float CK(eight) __attribute__((vector_size(32)));
typedef int CK(marks) __attribute__((vector_size(32)));
#define V CK(eight)
#define INLINE static inline __attribute__((always_inline))
#define SHUFFLE __builtin_shufflevector

INLINE V CK(load)(const float *p) {
  V v;
  memcpy(&v, p, sizeof v);
  return v;
}

INLINE void CK(store)(float *p, V v) { memcpy(p, &v, sizeof v); }

/// The first `count` numbers of v, which may be all eight.
INLINE void CK(store_some)(float *p, V v, long count) {
  if (count >= 8) {
    CK(store)(p, v);
    return;
  }
  if (count & 4) {
    memcpy(p, &v, 16);
    p += 4;
    v = SHUFFLE(v, v, 4, 5, 6, 7, 4, 5, 6, 7);
  }
  if (count & 2) {
    memcpy(p, &v, 8);
    p += 2;
    v = SHUFFLE(v, v, 2, 3, 2, 3, 2, 3, 2, 3);
  }
  if (count & 1) *p = v[0];
}

/// Every fourth of 32 numbers, from the first, second, third and fourth on; the columns of eight tiles.
INLINE void CK(deal)(const float *p, V *a, V *b, V *c, V *d) {
  V w = CK(load)(p), x = CK(load)(p + 8), y = CK(load)(p + 16), z = CK(load)(p + 24);
  V low0 = SHUFFLE(w, x, 0, 4, 8, 12, 1, 5, 9, 13), low1 = SHUFFLE(y, z, 0, 4, 8, 12, 1, 5, 9, 13);
  V high0 = SHUFFLE(w, x, 2, 6, 10, 14, 3, 7, 11, 15), high1 = SHUFFLE(y, z, 2, 6, 10, 14, 3, 7, 11, 15);
  *a = SHUFFLE(low0, low1, 0, 1, 2, 3, 8, 9, 10, 11);
  *b = SHUFFLE(low0, low1, 4, 5, 6, 7, 12, 13, 14, 15);
  *c = SHUFFLE(high0, high1, 0, 1, 2, 3, 8, 9, 10, 11);
  *d = SHUFFLE(high0, high1, 4, 5, 6, 7, 12, 13, 14, 15);
}

/// A square of 4 x 4 pairs of numbers, turned: its own way back.
INLINE void CK(turn_pairs)(V w, V x, V y, V z, V *a, V *b, V *c, V *d) {
  V even0 = SHUFFLE(w, x, 0, 1, 8, 9, 4, 5, 12, 13), even1 = SHUFFLE(y, z, 0, 1, 8, 9, 4, 5, 12, 13);
  V odd0 = SHUFFLE(w, x, 2, 3, 10, 11, 6, 7, 14, 15), odd1 = SHUFFLE(y, z, 2, 3, 10, 11, 6, 7, 14, 15);
  *a = SHUFFLE(even0, even1, 0, 1, 2, 3, 8, 9, 10, 11);
  *b = SHUFFLE(odd0, odd1, 0, 1, 2, 3, 8, 9, 10, 11);
  *c = SHUFFLE(even0, even1, 4, 5, 6, 7, 12, 13, 14, 15);
  *d = SHUFFLE(odd0, odd1, 4, 5, 6, 7, 12, 13, 14, 15);
}

/// `deal` for pairs of numbers, which are not torn apart: the columns of four tiles of each of two thinned-out pictures.
INLINE void CK(deal_pairs)(const float *p, V *a, V *b, V *c, V *d) {
  CK(turn_pairs)(CK(load)(p), CK(load)(p + 8), CK(load)(p + 16), CK(load)(p + 24), a, b, c, d);
}

/// The way back of `deal`.
INLINE void CK(gather)(float *p, V a, V b, V c, V d) {
  V ab0 = SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11), cd0 = SHUFFLE(c, d, 0, 8, 1, 9, 2, 10, 3, 11);
  V ab1 = SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15), cd1 = SHUFFLE(c, d, 4, 12, 5, 13, 6, 14, 7, 15);
  CK(store)(p, SHUFFLE(ab0, cd0, 0, 1, 8, 9, 2, 3, 10, 11));
  CK(store)(p + 8, SHUFFLE(ab0, cd0, 4, 5, 12, 13, 6, 7, 14, 15));
  CK(store)(p + 16, SHUFFLE(ab1, cd1, 0, 1, 8, 9, 2, 3, 10, 11));
  CK(store)(p + 24, SHUFFLE(ab1, cd1, 4, 5, 12, 13, 6, 7, 14, 15));
}

/// The way back of `deal_pairs`.
INLINE void CK(gather_pairs)(float *p, V a, V b, V c, V d) {
  CK(turn_pairs)(a, b, c, d, &a, &b, &c, &d);
  CK(store)(p, a), CK(store)(p + 8, b), CK(store)(p + 16, c), CK(store)(p + 24, d);
}

/// Where row `row` of a thinned-out picture lies in x; null outside.
INLINE const float *CK(row)(const float *x, ck_tiles g, ck_place p, long row) {
  if (row < 0 || row >= g.height / g.dilation) return 0;
  return x + p.sample * g.step + (row * g.dilation + p.phase) * g.width;
}

/// Columns first ..< first + count of a row, zeros outside and up to a multiple of eight.
static void CK(fetch)(const float *from, long width, long first, long count, float *line) {
  long lo = first < 0 ? -first : 0, hi = !from ? lo : smaller(count, width - first);
  for (long i = 0; i < lo; i++) line[i] = 0;
  memcpy(line + lo, from + first + lo, (size_t)(hi - lo) * sizeof(float));
  for (long i = hi; i < count || i % 8 != 0; i++) line[i] = 0;
}

/// The six numbers that a row or column of a tile turns into.
#define MIX(a, b, c, d, e, f, put)                                          \
  {                                                                         \
    V even = e - 4 * c, odd = d - 4 * b, near = e - c, far = 2 * (d - b);   \
    put(0, 4 * a - 5 * c + e);                                              \
    put(1, even + odd);                                                     \
    put(2, even - odd);                                                     \
    put(3, near + far);                                                     \
    put(4, near - far);                                                     \
    put(5, 4 * b - 5 * d + f);                                              \
  }

/// Columns lo ..< hi of six lines, which end there or are followed by numbers that may be read.
INLINE void CK(mix)(const float *const line[6], long lo, long hi, float (*restrict mixed)[LINE]) {
  for (long i = lo; i < hi; i += 8) {
    V a = CK(load)(line[0] + i), b = CK(load)(line[1] + i), c = CK(load)(line[2] + i), d = CK(load)(line[3] + i),
      e = CK(load)(line[4] + i), f = CK(load)(line[5] + i);
#define PUT(k, value) CK(store)(mixed[k] + i, value)
    MIX(a, b, c, d, e, f, PUT)
#undef PUT
  }
}

static void CK(input)(const float *restrict x, ck_tiles g, long first, long count, float *restrict v, long stride) {
  static const float nothing[LINE];
  float copy[6][LINE], mixed[6][LINE];
  long d = g.dilation;
  for (long done = 0, run; done < count; done += run) {
    ck_place p = place(g, first + done);
    run = smaller(smaller(g.columns * d - p.column, count - done), RUN);
    long n = 4 * run + 2 * d, left = 4 * p.column - d;
    long lo = left < 0 ? d : 0, hi = smaller(n, g.width - left);
    // Whole vectors are read where they lie.
    int direct = (hi - lo) % 8 == 0;
    const float *line[6];
    for (long i = 0; i < 6; i++) {
      const float *row = CK(row)(x, g, p, 4 * p.row - 1 + i);
      line[i] = direct ? (row ? row + left : nothing) : copy[i];
      if (!direct) CK(fetch)(row, g.width, left, n, copy[i]);
    }
    CK(mix)(line, direct ? lo : 0, direct ? hi : n, mixed);
    if (direct)
      for (long k = 0; k < 6; k++) {
        for (long i = 0; i < lo; i++) mixed[k][i] = 0;
        for (long i = hi; i < n; i++) mixed[k][i] = 0;
      }
    for (long k = 0; k < 6; k++)
      for (long t = 0; t < run; t += 8) {
        const float *m = mixed[k] + 4 * t;
        float *o = v + 6 * k * stride + done + t;
        V a, b, c, d, e, f;
        // The fifth and sixth column of a tile are the first and second of the next one.
        if (g.dilation == 1) {
          CK(deal)(m, &a, &b, &c, &d);
          e = SHUFFLE(a, (V){0} + m[32], 1, 2, 3, 4, 5, 6, 7, 8);
          f = SHUFFLE(b, (V){0} + m[33], 1, 2, 3, 4, 5, 6, 7, 8);
        } else {
          CK(deal_pairs)(m, &a, &b, &c, &d);
          V next = CK(load)(m + 32);
          e = SHUFFLE(a, next, 2, 3, 4, 5, 6, 7, 8, 9);
          f = SHUFFLE(b, next, 2, 3, 4, 5, 6, 7, 10, 11);
        }
        // What is written behind the run is overwritten by the next one.
        long room = count - done - t;
#define PUT(k, value) CK(store_some)(o + k * stride, value, room)
        MIX(a, b, c, d, e, f, PUT)
#undef PUT
      }
  }
}

/// The larger of two numbers each; NaN stays NaN.
INLINE V CK(at_least)(V v, V least) {
  CK(marks) below = v < least;
  return (V)((below & (CK(marks))least) | (~below & (CK(marks))v));
}

/// The four cells that six products give.
#define UNMIX(a, b, c, d, e, f, put)                    \
  {                                                     \
    V bc = b + c, de = d + e, b_c = b - c, d_e = d - e; \
    put(0, a + bc + de);                                \
    put(1, b_c + 2 * d_e);                              \
    put(2, bc + 4 * de);                                \
    put(3, b_c + 8 * d_e + f);                          \
  }

static void CK(output)(const float *restrict m, long stride, ck_tiles g, long first, long count, float bias, float floor,
                       float *restrict y) {
  float half[4][6][RUN], copy[LINE];
  V least = (V){0} + floor;
  for (long done = 0, run; done < count; done += run) {
    ck_place p = place(g, first + done);
    run = smaller(smaller(g.columns * g.dilation - p.column, count - done), RUN);
    for (long j = 0; j < 6; j++)
      for (long t = 0; t < run; t += 8) {
        const float *from = m + j * stride + done + t;
        V a = CK(load)(from), b = CK(load)(from + 6 * stride), c = CK(load)(from + 12 * stride),
          d = CK(load)(from + 18 * stride), e = CK(load)(from + 24 * stride), f = CK(load)(from + 30 * stride);
#define PUT(k, value) CK(store)(half[k][j] + t, value)
        UNMIX(a, b, c, d, e, f, PUT)
#undef PUT
      }
    for (long i = 0; i < 4; i++) {
      float *row = (float *)CK(row)(y, g, p, 4 * p.row + i);
      if (!row) break;
      float *into = row + 4 * p.column;
      long n = smaller(4 * run, g.width - 4 * p.column);
      float *line = run % 8 == 0 && n == 4 * run ? into : copy;
      for (long t = 0; t < run; t += 8) {
        V a = CK(load)(half[i][0] + t), b = CK(load)(half[i][1] + t), c = CK(load)(half[i][2] + t),
          d = CK(load)(half[i][3] + t), e = CK(load)(half[i][4] + t), f = CK(load)(half[i][5] + t);
        V cells[4];
#define PUT(k, value) cells[k] = CK(at_least)(value + bias, least)
        UNMIX(a, b, c, d, e, f, PUT)
#undef PUT
        if (g.dilation == 1)
          CK(gather)(line + 4 * t, cells[0], cells[1], cells[2], cells[3]);
        else
          CK(gather_pairs)(line + 4 * t, cells[0], cells[1], cells[2], cells[3]);
      }
      if (line == copy) memcpy(into, copy, (size_t)n * sizeof(float));
    }
  }
}

/// The transpose of UNMIX.
#define SPREAD(a, b, c, d, put)                                              \
  {                                                                          \
    V even = a + c, odd = b + d, near = a + 4 * c, far = 2 * (b + 4 * d);    \
    put(0, a);                                                               \
    put(1, even + odd);                                                      \
    put(2, even - odd);                                                      \
    put(3, near + far);                                                      \
    put(4, near - far);                                                      \
    put(5, d);                                                               \
  }

static void CK(slope)(const float *restrict dy, ck_tiles g, long first, long count, float *restrict m, long stride) {
  float line[4][LINE], mixed[6][LINE];
  for (long done = 0, run; done < count; done += run) {
    ck_place p = place(g, first + done);
    run = smaller(smaller(g.columns * g.dilation - p.column, count - done), RUN);
    long n = 4 * run;
    for (long i = 0; i < 4; i++)
      CK(fetch)(CK(row)(dy, g, p, 4 * p.row + i), g.width, 4 * p.column, n, line[i]);
    for (long i = 0; i < n; i += 8) {
      V a = CK(load)(line[0] + i), b = CK(load)(line[1] + i), c = CK(load)(line[2] + i), d = CK(load)(line[3] + i);
#define PUT(k, value) CK(store)(mixed[k] + i, value)
      SPREAD(a, b, c, d, PUT)
#undef PUT
    }
    for (long k = 0; k < 6; k++)
      for (long t = 0; t < run; t += 8) {
        float *o = m + 6 * k * stride + done + t;
        V a, b, c, d;
        if (g.dilation == 1)
          CK(deal)(mixed[k] + 4 * t, &a, &b, &c, &d);
        else
          CK(deal_pairs)(mixed[k] + 4 * t, &a, &b, &c, &d);
        long room = count - done - t;
#define PUT(k, value) CK(store_some)(o + k * stride, value, room)
        SPREAD(a, b, c, d, PUT)
#undef PUT
      }
  }
}

/// `count` kernels, side by side: g[9][count] -> u[36], `stride` numbers apart.
static void CK(kernels)(float (*restrict g)[RUN], long count, float *restrict u, long stride) {
  float half[6][3][RUN];
  for (long j = 0; j < 3; j++)
    for (long t = 0; t < count; t++) {
      float a = g[j][t], b = g[3 + j][t], c = g[6 + j][t], sum = (a + c) * (-1.0f / 6), side = b * (1.0f / 6);
      float wide = a * (1.0f / 24) + c * (1.0f / 6), far = b * (1.0f / 12);
      half[0][j][t] = a * 0.25f;
      half[1][j][t] = sum - side;
      half[2][j][t] = sum + side;
      half[3][j][t] = wide + far;
      half[4][j][t] = wide - far;
      half[5][j][t] = c;
    }
  for (long i = 0; i < 6; i++) {
    float *restrict o = u + 6 * i * stride;
    for (long t = 0; t < count; t++) {
      float a = half[i][0][t], b = half[i][1][t], c = half[i][2][t], sum = (a + c) * (-1.0f / 6), side = b * (1.0f / 6);
      float wide = a * (1.0f / 24) + c * (1.0f / 6), far = b * (1.0f / 12);
      o[t] = a * 0.25f;
      o[stride + t] = sum - side;
      o[2 * stride + t] = sum + side;
      o[3 * stride + t] = wide + far;
      o[4 * stride + t] = wide - far;
      o[5 * stride + t] = c;
    }
  }
}

/// The transpose of `kernels`: du[36] -> dg[9][count].
static void CK(kernel_slopes)(const float *restrict du, long stride, long count, float (*restrict g)[RUN]) {
  float half[3][6][RUN];
  for (long j = 0; j < 6; j++)
    for (long t = 0; t < count; t++) {
      const float *p = du + j * stride + t;
      float a = p[0], b = p[6 * stride], c = p[12 * stride], d = p[18 * stride], e = p[24 * stride], f = p[30 * stride];
      half[0][j][t] = a * 0.25f - (b + c) * (1.0f / 6) + (d + e) * (1.0f / 24);
      half[1][j][t] = (c - b) * (1.0f / 6) + (d - e) * (1.0f / 12);
      half[2][j][t] = (d + e - b - c) * (1.0f / 6) + f;
    }
  for (long i = 0; i < 3; i++)
    for (long t = 0; t < count; t++) {
      float a = half[i][0][t], b = half[i][1][t], c = half[i][2][t], d = half[i][3][t], e = half[i][4][t],
            f = half[i][5][t];
      g[3 * i][t] = a * 0.25f - (b + c) * (1.0f / 6) + (d + e) * (1.0f / 24);
      g[3 * i + 1][t] = (c - b) * (1.0f / 6) + (d - e) * (1.0f / 12);
      g[3 * i + 2][t] = (d + e - b - c) * (1.0f / 6) + f;
    }
}

#undef V
#undef INLINE
#undef SHUFFLE
#undef LINE
#undef MIX
#undef UNMIX
#undef SPREAD
