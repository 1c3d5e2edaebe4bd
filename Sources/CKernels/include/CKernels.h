/// Element-wise and small-window arithmetic on 32-bit floats: everything that is not a matrix product.
///
/// The hot functions exist three times (SSE2, AVX2 + FMA, AVX-512); the fastest that the processor knows is chosen
/// once, when first needed. No function allocates, none keeps a pointer, none starts a thread. Arrays may be unaligned.
#pragma once

/// 0: the plain instruction set of the target, 1: AVX2 and FMA, 2: AVX-512.
int ck_level(void);
/// The highest level of this processor.
int ck_best_level(void);
/// For tests: use `level` from now on (at most the best one) on this thread; a negative level goes back to the best.
void ck_force_level(int level);
/// What this thread is held to; -1: nothing.
int ck_forced_level(void);
/// Processors that this process may run on.
int ck_available_cores(void);
/// Tells the processor that this thread only waits for another one.
static inline void ck_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
/// Lets the allocator keep freed arrays for the next ones (GNU libc; nothing elsewhere). Without it every activation of
/// more than 128 KiB is fresh pages from the kernel, zeroed and faulted in one by one.
void ck_keep_freed_memory(void);
/// Gives memory back that has been freed until now.
void ck_release_freed_memory(void);

// Rows

/// x <- softmax(scale * x) for each row, in place; `stride` numbers lie between the starts of two rows.
void ck_softmax(float *x, long rows, long columns, long stride, float scale);
/// d <- scale * p * (d - sum(p * d)) for each row: the gradient through softmax(scale * x), in place in `d`.
void ck_softmax_backward(const float *p, float *d, long rows, long columns, long stride, float scale);
/// y = (x - mean) / sqrt(variance + epsilon) * weight + bias for each row.
void ck_layer_norm(const float *x, const float *weight, const float *bias, float *y, long rows, long columns,
                   float epsilon);
/// dx as the gradient of ck_layer_norm; adds to `dweight` and `dbias`.
void ck_layer_norm_backward(const float *x, const float *weight, const float *dy, float *dx, float *dweight,
                            float *dbias, long rows, long columns, float epsilon);
/// sum += each row of x.
void ck_sum_rows(const float *x, float *sum, long rows, long columns);

// Elements

/// y = x * (1 + erf(x / sqrt 2)) / 2, absolute error below 1e-6.
void ck_gelu(const float *x, float *y, long count);
void ck_gelu_backward(const float *x, const float *dy, float *dx, long count);
void ck_sigmoid(const float *x, float *y, long count);
void ck_relu(const float *x, float *y, long count);
/// dx = dy where y > 0, else 0.
void ck_relu_backward(const float *y, const float *dy, float *dx, long count);
void ck_add(const float *a, const float *b, float *y, long count);
void ck_multiply(const float *a, const float *b, float *y, long count);
void ck_scale(const float *x, float factor, float *y, long count);
/// y = (x - shift) * factor + offset.
void ck_affine(const float *x, float shift, float factor, float offset, float *y, long count);
/// The sum, carried in double precision.
double ck_sum(const float *x, long count);
void ck_accumulate(float *sum, const float *x, long count);
/// y = p a + q b + offset.
void ck_blend(const float *a, float p, const float *b, float q, float offset, float *y, long count);
/// The sums of dy and of dy * (x - mean).
void ck_centred_sums(const float *x, const float *dy, float mean, long count, double *sum, double *product);

// Training

/// One step of AdamW over `count` numbers: the moments of the gradient move (rest is 1 - beta), then
/// values <- values * kept - size * first / (sqrt(second) * scale + epsilon).
typedef struct {
  float beta1, beta2, rest1, rest2, epsilon, size, scale, kept;
} ck_adamw_step;
void ck_adamw(float *values, const float *gradient, float *first, float *second, long count, ck_adamw_step step);
/// The sum of squares, carried in double precision.
double ck_sum_squares(const float *x, long count);

// Matrix products with one side packed, where `ck_has_product` says so (AVX-512)

/// Outputs of one panel.
#define CK_PANEL 32
int ck_has_product(void);
/// Packs up to CK_PANEL rows of a weight [outputs, inputs], `stride` numbers apart, as [inputs, CK_PANEL]; missing rows
/// become zeros.
void ck_pack_panel(const float *weight, long stride, long inputs, long outputs, float *panel);
/// Packs `columns` of x [inputs, ...], whose rows are `stride` numbers apart, in panels of `taken` <= 32 columns: [inputs, 16]
/// or, of more than 16, [inputs, 32], the first numbers of two panels lying `distance` apart. Missing columns become zeros.
/// Rows are read from end to end, because reading a few numbers of each costs as much.
void ck_pack_columns(const float *x, long stride, long inputs, long columns, long taken, long distance, float *panels);
/// y <- x panel + bias: `rows` rows of x, `stride` numbers apart, and of y, `out` apart; `columns` <= CK_PANEL of the
/// panel's outputs are written. `bias` may be null.
void ck_product(const float *x, long rows, long stride, long inputs, const float *panel, const float *bias,
                long columns, float *y, long out);
/// The same with a bias for each row, which may be null, and no number below `floor`.
void ck_product_rows(const float *x, long rows, long stride, long inputs, const float *panel, const float *bias,
                     float floor, long columns, float *y, long out);
/// y <- x^T panel, or y += where `add` is not 0: input k of row r is x[k * step + r].
void ck_product_turned(const float *x, long rows, long step, long inputs, const float *panel, int add, long columns,
                       float *y, long out);

// Matrix products of reduced precision, on every processor

/// bf16 has the range of a float and 8 bits of precision. Whole numbers share a scale: about 256 inputs of a row, or of a
/// column, do. Rows of 16 bits use 14 of them and columns as many as leave every sum within 32 bits.
typedef enum { CK_BF16, CK_INT16, CK_INT8 } ck_format;
/// For tests: 0: no instructions for sums of products (VNNI, AVX512_BF16, arm64's), 1: those, 2: AMX tiles too, on this
/// thread and where the processor has them; a negative number: what is fastest.
void ck_force_dots(int dots);
/// What this thread is held to; -1: nothing.
int ck_forced_dots(void);
/// Whether this processor has instructions that make products of a format in clearly less time than those of 32-bit floats.
int ck_reduced_is_faster(ck_format format);
/// Whether products of a format are made in AMX tiles.
int ck_has_tiles(ck_format format);
/// What products of a format are made with, in words.
const char *ck_reduced_instructions(ck_format format);
/// 32-bit words that a row of `inputs` numbers takes, and a panel of up to CK_PANEL columns. Both depend on the level: what was
/// made at one is not read at another.
long ck_reduced_row(ck_format format, long inputs);
long ck_reduced_panel(ck_format format, long inputs);
/// Makes `rows` rows of x, `stride` numbers apart, ready for ck_reduced_product: one behind the other in `to`.
void ck_reduced_rows(ck_format format, const float *x, long rows, long stride, long inputs, float *to);
/// Makes `rows` columns of x [inputs, ...], whose rows are `stride` numbers apart, ready as rows of CK_BF16.
void ck_reduced_turned_rows(const float *x, long stride, long inputs, long rows, float *to);
/// Ready rows of CK_BF16 or CK_INT16 for softmax(scale * x), all in one pass; scale > 0. What is computed with row r has to be
/// multiplied by shares[r] afterwards.
void ck_reduced_softmax(ck_format format, const float *x, long rows, long stride, long inputs, float scale, float *to,
                        float *shares);
/// Makes a panel of up to CK_PANEL rows of a weight [outputs, inputs], `stride` numbers apart.
void ck_reduced_pack_panel(ck_format format, const float *weight, long stride, long inputs, long outputs, float *panel);
/// Makes a panel of up to CK_PANEL columns of x [inputs, ...], whose rows are `stride` numbers apart.
void ck_reduced_pack_columns(ck_format format, const float *x, long stride, long inputs, long columns, float *panel);
/// y <- x panel: `rows` ready rows and a panel of `columns` <= CK_PANEL, plus a number for each column (`bias`) or, unless it is
/// null, for each row (`start`), none below `floor`. Rows of y are `out` apart. A row or column with a number that is
/// infinite or NaN gives NaN in the formats of whole numbers.
void ck_reduced_product(ck_format format, const float *x, long rows, long inputs, const float *panel, const float *bias,
                        const float *start, float floor, long columns, float *y, long out);

/// The same for any number of columns, whose panels lie one behind the other; through GELU where `gelu` is not 0.
void ck_reduced_products(ck_format format, const float *x, long rows, long inputs, const float *panels, const float *bias,
                         int gelu, long columns, float *y, long out);
/// y = GELU(y) for `rows` rows that are `out` apart, to 1e-4, which numbers of 8 bits do not show.
void ck_reduced_gelu(float *y, long rows, long columns, long out);

// Windows over planes (channels x height x width)

/// A sliding window: where output cell (i, j) reads input row i * stride - pad_top + k * dilation, and so for columns.
typedef struct {
  long channels, height, width;
  long kernel_height, kernel_width, stride, dilation, pad_top, pad_left;
  long out_height, out_width;
} ck_window;

/// One plane through one kernel, plus `bias`.
void ck_depthwise(const float *x, const float *kernel, float bias, ck_window window, float *y);
/// Adds to `dkernel` what a gradient dy of ck_depthwise means for the kernel.
void ck_depthwise_slope(const float *x, const float *dy, ck_window window, float *dkernel);
/// The largest number under each window of one plane; outside counts as minus infinity, NaN wins. `places`, unless
/// null, gets the place of each in x, plus `start`.
void ck_max_pool(const float *x, ck_window window, float *y, long *places, long start);
/// Output rows first ..< first + rows as columns: [channels * kernel_height * kernel_width, rows * out_width].
void ck_im2col(const float *x, ck_window window, long first, long rows, float *columns);
/// The transpose of ck_im2col over all output rows: adds every column entry to the input cell it was read from.
void ck_col2im(const float *columns, ck_window window, float *x);

// 3 x 3 convolutions of stride 1 with "same" padding, by Winograd's F(4 x 4, 3 x 3)

/// A batch of planes cut into tiles of 4 x 4 cells. A kernel of dilation d, 1 or 2, sees d x d thinned-out planes (d divides
/// both sides). Tiles are counted by sample, then rows that are d apart, then row, column, and columns that are d apart; where
/// d is 2, `first` and `count` below must be even.
typedef struct {
  long height, width, dilation;
  /// Tiles along the sides of a thinned-out plane.
  long rows, columns;
  /// Numbers from a plane of one sample to that plane of the next.
  long step;
} ck_tiles;

/// Tiles first ..< first + count of one channel's planes: number k of tile t goes to v[k * stride + t], k < 36.
void ck_winograd_input(const float *x, ck_tiles tiles, long first, long count, float *v, long stride);
/// The way back for products m: writes the cells of the tiles of one output plane, plus `bias`, none below `floor`.
void ck_winograd_output(const float *m, long stride, ck_tiles tiles, long first, long count, float bias, float floor,
                        float *y);
/// The transpose of ck_winograd_output: what a gradient dy of the cells means for the products.
void ck_winograd_slope(const float *dy, ck_tiles tiles, long first, long count, float *m, long stride);
/// Kernels [outputs, channels, 3, 3] -> u [36, outputs, channels]; `turned`, for the gradient of the input: kernels
/// turned by half a circle, u [36, channels, outputs].
void ck_winograd_kernels(const float *weight, long outputs, long channels, int turned, float *u);
/// The transpose of ck_winograd_kernels (not turned).
void ck_winograd_kernel_slopes(const float *du, long outputs, long channels, float *dweight);
