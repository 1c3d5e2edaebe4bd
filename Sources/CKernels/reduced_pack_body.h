// Included by reduced_body.h once per instruction set: weights and columns in panels, words turned so that those of all columns
// lie side by side.

/// A square of 4 x 4 words, turned.
INLINE void CK(turn4)(const float *from, long stride, float *to) {
  typedef float quad __attribute__((vector_size(16)));
  quad a, b, c, d;
  memcpy(&a, from, 16), memcpy(&b, from + stride, 16), memcpy(&c, from + 2 * stride, 16), memcpy(&d, from + 3 * stride, 16);
  quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), AB = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  quad cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), CD = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  a = __builtin_shufflevector(ab, cd, 0, 1, 4, 5), b = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  c = __builtin_shufflevector(AB, CD, 0, 1, 4, 5), d = __builtin_shufflevector(AB, CD, 2, 3, 6, 7);
  memcpy(to, &a, 16), memcpy(to + WIDTH, &b, 16), memcpy(to + 2 * WIDTH, &c, 16), memcpy(to + 3 * WIDTH, &d, 16);
}

static void CK(make_panel)(ck_format format, const float *x, long stride, ck_layout g, long columns, float *panel) {
  // Some words of all columns at a time, first side by side, then turned.
  enum { SOME = 4 * UNIT };
  float line[WIDTH][SOME] __attribute__((aligned(64)));
  for (long b = 0; b < g.blocks; b++) {
    long first = edge(g, b), last = b + 1 == g.blocks ? g.padded : edge(g, b + 1);
    float steps[WIDTH] = {0};
    for (long j = 0; j < columns && format != CK_BF16; j++) {
      long from = first * g.per, count = smaller(last * g.per, g.inputs) - from;
      steps[j] = CK(step)(
          CK(measure)(x + j * stride + from, count, format == CK_INT16 && count > FEW), count, format == CK_INT8 ? TOP8 : COLUMN_TOP16,
          format == CK_INT8 ? 0 : COLUMN_SUM16);
    }
    if (format != CK_BF16) memcpy(panel + b * WIDTH, steps, sizeof steps);
    for (long k = first; k < last; k += SOME) {
      long some = smaller(SOME, last - k);
      for (long j = 0; j < WIDTH; j++) {
        long from = k * g.per, count = smaller(some * g.per, g.inputs - from);
        if (j >= columns || count < some * g.per) memset(line[j], 0, sizeof line[j]);
        if (j >= columns || count <= 0) continue;
        if (format == CK_BF16)
          CK(halve)(x + j * stride + from, count, (uint16_t *)line[j]);
        else
          CK(divide)(format, x + j * stride + from, count, steps[j], line[j]);
      }
      float *to = panel + g.panel_head + k * WIDTH;
      for (long i = 0; i < some; i += 4)
        for (long j = 0; j < WIDTH; j += 4) CK(turn4)(line[j] + i, SOME, to + i * WIDTH + j);
      if (format == CK_INT8)
        for (long i = 0; i < some * WIDTH; i += LANES) {
          N v = (N)CK(load)(to + i) ^ (N)((N){0} + (int)0x80808080);  // 128 more, without a sign
          CK(store)(to + i, v);
        }
    }
  }
}

/// Rows of bf16 out of columns: row r is x[k * stride + r] for all k.
static void CK(turned_rows)(const float *x, long stride, ck_layout g, long rows, float *to, long apart, enum bf16_way way) {
  enum { SIDE = 2 * UNIT };
  float square[SIDE][WIDTH] __attribute__((aligned(64)));
  for (long k = 0; k < 2 * g.padded; k += SIDE)
    for (long r = 0; r < rows; r += SIDE) {
      long inputs = smaller(SIDE, g.inputs - k), height = smaller(SIDE, rows - r);
      const float *from = x + k * stride + r;
      if (inputs == SIDE && height == SIDE) {
        for (long i = 0; i < SIDE; i += 4)
          for (long j = 0; j < SIDE; j += 4) CK(turn4)(from + i * stride + j, stride, square[j] + i);
      } else {
        for (long j = 0; j < height; j++)
          for (long i = 0; i < SIDE; i++) square[j][i] = i < inputs ? from[i * stride + j] : 0;
      }
      for (long j = 0; j < height; j++) {
        float *row = to + (r + j) * apart;
        if (way != bf16_wide) {
          CK(halve)(square[j], SIDE, (uint16_t *)row + k);
          continue;
        }
        long count = smaller(SIDE, (g.inputs + 1) / 2 * 2 - k);
        for (long i = 0; i < count; i += LANES) CK(store_some)(row + k + i, CK(rounded)(CK(load)(square[j] + i)), count - i);
      }
    }
}

/// One block of LANES columns of x, or of the first `count`; the format and whether all are there are constants where this
/// is inlined.
INLINE void CK(pack_block)(ck_format format, int all, const float *x, long stride, ck_layout g, long b, long count,
                           float *scales, float *to) {
#define AT(k) (all ? CK(load)(x + (k) * stride) : CK(load_some)(x + (k) * stride, count))
  long first = edge(g, b), last = b + 1 == g.blocks ? g.padded : edge(g, b + 1);
  long per = format == CK_INT8 ? 4 : 2, from = first * per, end = smaller(last * per, g.inputs);
  V inverse = {0};
  if (format != CK_BF16) {
    N top = {0}, sum = {0};
    for (long k = from; k < end; k++) top = CK(larger)(top, CK(size)(AT(k)));
    V tops = (V)top, units = {0}, steps = {0};
    if (format == CK_INT16 && end - from > FEW) {
      for (int i = 0; i < LANES; i++) units[i] = tops[i] > 1e-30f ? 65536 / tops[i] : 0;
      for (long k = from; k < end; k++) sum += CK(units)(AT(k), units);
    }
    for (int i = 0; i < LANES; i++) {
      CK(extent) e = {tops[i], (float)sum[i] * (tops[i] / 65536)};
      steps[i] = CK(step)(e, end - from, format == CK_INT8 ? TOP8 : COLUMN_TOP16, format == CK_INT8 ? 0 : COLUMN_SUM16);
      inverse[i] = steps[i] > 0 ? 1 / steps[i] : 0;
    }
    memcpy(scales, &steps, sizeof steps);
  }
  for (long k = first; k < last; k++) {
    N word = {0};
#pragma clang loop unroll(full)
    for (long i = 0; i < per; i++) {
      long at = k * per + i;
      V v = at < end ? AT(at) : (V){0};
      if (format == CK_BF16)
        word |= i ? CK(rounded)(v) : (N)((CK(rounded)(v) >> 16) & 0xffff);
      else if (format == CK_INT16)
        word |= i ? CK(nearest)(v * inverse) << 16 : CK(nearest)(v * inverse) & 0xffff;
      else
        word |= ((CK(nearest)(v * inverse) ^ 128) & 255) << (int)(8 * i);
    }
    CK(store)(to + k * WIDTH, word);
  }
#undef AT
}

INLINE void CK(pack_blocks)(ck_format format, const float *x, long stride, ck_layout g, long columns, float *panel) {
  for (long c = 0; c < WIDTH; c += LANES)
    for (long b = 0; b < g.blocks; b++) {
      float *scales = panel + b * WIDTH + c, *to = panel + g.panel_head + c;
      if (columns - c >= LANES)
        CK(pack_block)(format, 1, x + c, stride, g, b, LANES, scales, to);
      else
        CK(pack_block)(format, 0, x + (columns > c ? c : 0), stride, g, b, columns > c ? columns - c : 0, scales, to);
    }
}

/// Columns of x [inputs, ...] as they lie, LANES at a time.
static void CK(make_columns)(ck_format format, const float *x, long stride, ck_layout g, long columns, float *panel) {
  switch (format) {
    case CK_BF16: CK(pack_blocks)(CK_BF16, x, stride, g, columns, panel); break;
    case CK_INT16: CK(pack_blocks)(CK_INT16, x, stride, g, columns, panel); break;
    case CK_INT8: CK(pack_blocks)(CK_INT8, x, stride, g, columns, panel); break;
  }
}
