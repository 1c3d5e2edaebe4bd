// Included by kernels_body.h once per instruction set: filters and pooling over planes of images.

/// Kernels of 3 x 3 over narrow planes: the lines under a row are copied with their borders, so that all nine products
/// of a cell stay in a register. Each line is copied once and kept for the 2 d rows after the first that reads it.
static void CK(depthwise3)(const float *x, const float *k, float bias, ck_window w, float *y) {
  float kept[5][CK_LINE + LANES];
  long d = w.dilation, reach = w.out_width + 2 * d, lines = 2 * d + 1;
  for (long row = 0; row < w.out_height; row++, y += w.out_width) {
    for (long ahead = row == 0 ? 0 : 2 * d; ahead <= 2 * d; ahead++) {
      float *line = kept[(row + ahead) % lines];
      long from = row - w.pad_top + ahead, lo = w.pad_left < reach ? w.pad_left : reach;
      long hi = lo + w.width < reach ? lo + w.width : reach;
      if (from < 0 || from >= w.height) hi = lo = 0;
      memset(line, 0, (size_t)lo * sizeof(float));
      memcpy(line + lo, x + from * w.width, (size_t)(hi - lo) * sizeof(float));
      memset(line + hi, 0, (size_t)(reach + LANES - hi) * sizeof(float));
    }
    const float *line[3] = {kept[row % lines], kept[(row + d) % lines], kept[(row + 2 * d) % lines]};
    long i = 0;
    for (; i < w.out_width; i += LANES) {
      V sum = CK(all)(bias);
      for (long ky = 0; ky < 3; ky++)
        for (long kx = 0; kx < 3; kx++) sum += k[3 * ky + kx] * CK(load)(line[ky] + i + kx * d);
      if (i + LANES <= w.out_width)
        CK(store)(y + i, sum);
      else
        CK(store_some)(y + i, sum, w.out_width - i);
    }
  }
}

static void CK(depthwise)(const float *x, const float *kernel, float bias, ck_window w, float *y) {
  if (w.stride == 1 && w.kernel_height == 3 && w.kernel_width == 3 && w.dilation <= 2 &&
      w.out_width + 2 * w.dilation <= CK_LINE) {
    CK(depthwise3)(x, kernel, bias, w, y);
    return;
  }
  for (long row = 0; row < w.out_height; row++, y += w.out_width) {
    for (long i = 0; i < w.out_width; i++) y[i] = bias;
    for (long ky = 0; ky < w.kernel_height; ky++) {
      long line = row * w.stride - w.pad_top + ky * w.dilation;
      if (line < 0 || line >= w.height) continue;
      for (long kx = 0; kx < w.kernel_width; kx++) {
        long offset = kx * w.dilation - w.pad_left;
        long lo = offset < 0 ? (-offset + w.stride - 1) / w.stride : 0;
        long hi = offset >= w.width ? 0 : (w.width - 1 - offset) / w.stride + 1;
        if (hi > w.out_width) hi = w.out_width;
        const float *from = x + line * w.width + offset;
        float factor = kernel[ky * w.kernel_width + kx];
        if (w.stride == 1)
          for (long i = lo; i < hi; i++) y[i] += factor * from[i];
        else if (w.stride == 2)
          for (long i = lo; i < hi; i++) y[i] += factor * from[2 * i];
        else
          for (long i = lo; i < hi; i++) y[i] += factor * from[w.stride * i];
      }
    }
  }
}

static void CK(depthwise_slope)(const float *x, const float *dy, ck_window w, float *dkernel) {
  for (long ky = 0; ky < w.kernel_height; ky++)
    for (long kx = 0; kx < w.kernel_width; kx++) {
      long offset = kx * w.dilation - w.pad_left;
      long lo = offset < 0 ? (-offset + w.stride - 1) / w.stride : 0;
      long hi = offset >= w.width ? 0 : (w.width - 1 - offset) / w.stride + 1;
      if (hi > w.out_width) hi = w.out_width;
      V sums = {0};
      float rest = 0;
      for (long row = 0; row < w.out_height; row++) {
        long line = row * w.stride - w.pad_top + ky * w.dilation;
        if (line < 0 || line >= w.height) continue;
        const float *from = x + line * w.width + offset, *slope = dy + row * w.out_width;
        long i = lo;
        if (w.stride == 1)
          for (; i + LANES <= hi; i += LANES) sums += CK(load)(slope + i) * CK(load)(from + i);
        for (; i < hi; i++) rest += slope[i] * from[i * w.stride];
      }
      dkernel[ky * w.kernel_width + kx] += CK(sum_lanes)(sums) + rest;
    }
}

/// The larger number; NaN wins, and of equal ones a.
INLINE float CK(larger)(float a, float b) { return b > a || b != b ? b : a; }

static void CK(max_pool2)(const float *x, long height, long width, float *y) {
  for (long row = 0; row + 2 <= height; row += 2, y += width / 2) {
    const float *upper = x + row * width, *lower = upper + width;
    for (long i = 0; i < width / 2; i++)
      y[i] = CK(larger)(CK(larger)(upper[2 * i], upper[2 * i + 1]), CK(larger)(lower[2 * i], lower[2 * i + 1]));
  }
}
