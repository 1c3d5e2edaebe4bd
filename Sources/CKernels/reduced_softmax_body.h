// Included by reduced_body.h once per instruction set: rows of probabilities as numbers of reduced precision.

/// 2^x to 3e-6 of its value, which is more than 16 bits hold: x = n + r, a polynomial for 2^r, 2^n by its bits. Below -126 it is
/// 2^-126; NaN stays NaN. No x is above 0 here.
INLINE V CK(power)(V x) {
  N low = x < -126.0f;
  x = (V)((low & (N)((V){0} - 126.0f)) | (~low & (N)x));
  V shifted = x + 12582912.0f;
  V r = x - (shifted - 12582912.0f);
  V p = (V){0} + 1.3333558e-3f;
  p = p * r + 9.6181291e-3f;
  p = p * r + 5.5504109e-2f;
  p = p * r + 2.4022651e-1f;
  p = p * r + 6.9314718e-1f;
  p = p * r + 1.0f;
  return p * (V)(((N)shifted << 23) + 0x3f800000);
}

/// Up to LANES powers of 0...1 as numbers of a row, from the place `i` on. The format and the way are constants where this is
/// inlined.
INLINE void CK(put)(ck_format format, enum bf16_way way, V e, float *row, long i, long count) {
  // To the nearest bf16, of equally near ones the larger: powers are above 0.
  N half = (N)e + 0x8000;
  if (format == CK_BF16 && way == bf16_wide) {
    CK(store_some)(row + i, half & (N)((N){0} - 65536), count);
    return;
  }
  N q = format == CK_BF16 ? half >> 16 : CK(nearest)(e * (float)ROW_TOP16);
  CK(shorts) s = __builtin_convertvector(q, CK(shorts));
  if (count >= LANES)
    memcpy((short *)row + i, &s, sizeof s);
  else
    for (long j = 0; j < count; j++) ((short *)row)[i + j] = s[j];
}

INLINE float CK(put_powers)(ck_format format, enum bf16_way way, const float *x, float unit, ck_layout g, float *row) {
  V top = (V){0} - INFINITY, other = top;
  long i = 0;
  for (; i + 2 * LANES <= g.inputs; i += 2 * LANES) {
    V a = CK(load)(x + i), b = CK(load)(x + i + LANES);
    N first = a > top, second = b > other;
    top = (V)((first & (N)a) | (~first & (N)top));
    other = (V)((second & (N)b) | (~second & (N)other));
  }
  float highest = -INFINITY, sum = 0;
  for (; i < g.inputs; i++) highest = x[i] > highest ? x[i] : highest;
  for (int j = 0; j < LANES; j++) {
    highest = top[j] > highest ? top[j] : highest;
    highest = other[j] > highest ? other[j] : highest;
  }
  V sums = {0};
  for (i = 0; i + LANES <= g.inputs; i += LANES) {
    V e = CK(power)((CK(load)(x + i) - highest) * unit);
    sums += e;
    CK(put)(format, way, e, row, i, LANES);
  }
  if (i < g.inputs) {
    V e = CK(power)((CK(load_some)(x + i, g.inputs - i) - highest) * unit);
    for (long j = 0; j < g.inputs - i; j++) sum += e[j];
    CK(put)(format, way, e, row, i, g.inputs - i);
  }
  for (int j = 0; j < LANES; j++) sum += sums[j];
  return sum;  // NaN among x: it is in the sum
}

/// Rows for softmax(scale * x). The largest power of a row is 1, so that the step of whole numbers is known before.
static void CK(softmax_rows)(ck_format format, const float *x, long rows, long stride, float scale, ck_layout g, float *to,
                             long apart, enum bf16_way way, float *shares) {
  float unit = scale * 1.44269504f;
  for (long r = 0; r < rows; r++, x += stride, to += apart) {
    float *row = to + g.row_head;
    if (format == CK_BF16 && way == bf16_wide) {
      if (g.inputs % 2) row[g.inputs] = 0;
      shares[r] = 1 / CK(put_powers)(CK_BF16, bf16_wide, x, unit, g, row);
      continue;
    }
    for (long k = 0; k < UNIT; k += LANES) CK(store)(row + g.padded - UNIT + k, (N){0});
    if (format == CK_BF16) {
      shares[r] = 1 / CK(put_powers)(CK_BF16, bf16_dot, x, unit, g, row);
      continue;
    }
    shares[r] = 1 / CK(put_powers)(CK_INT16, bf16_dot, x, unit, g, row);
    for (long b = 0; b < g.blocks; b++) {
      to[2 * b] = 1 / (float)ROW_TOP16;
      to[2 * b + 1] = 0;
    }
  }
}
