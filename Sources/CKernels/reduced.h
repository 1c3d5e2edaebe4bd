// How numbers of reduced precision lie in memory. Everything is counted in words of 32 bits: two numbers of 16 bits or four
// of 8 for inputs that follow each other, so that one instruction multiplies a word of a row with a word of a column and
// adds the products up.
#ifndef CK_REDUCED_H
#define CK_REDUCED_H

#include "dispatch.h"

#include <stdint.h>

/// Columns of a panel.
#define WIDTH CK_PANEL
/// Words that are not divided: what a row of an AMX tile holds. Rows and panels end with zeros up to a multiple of it.
#define UNIT 16
/// Inputs that share a scale, at most and about.
#define SHARED 256

/// The largest whole number of a row, and what the sizes of a column's numbers may add up to under one scale, so that no
/// sum leaves 32 bits.
#define ROW_TOP16 8191
#define COLUMN_SUM16 (2147483647 / ROW_TOP16)
#define COLUMN_TOP16 32767
#define TOP8 127
/// Of so few inputs the largest says enough about the sum.
#define FEW 64

typedef struct {
  long inputs;
  /// Inputs of a word.
  long per;
  /// Words with inputs, and the same up to a multiple of UNIT.
  long words, padded;
  /// Runs of inputs that have a scale of their own; 1 for bf16, which needs none.
  long blocks;
  /// Words before the first input: in a row two for each block (scale; what sums start with), in a panel WIDTH (scales).
  long row_head, panel_head;
} ck_layout;

static inline ck_layout layout(ck_format format, long inputs) {
  ck_layout g = {.inputs = inputs, .per = format == CK_INT8 ? 4 : 2};
  g.words = (inputs + g.per - 1) / g.per;
  long units = (g.words + UNIT - 1) / UNIT;
  g.padded = units * UNIT;
  g.blocks = format == CK_BF16 ? 1 : (inputs + SHARED - 1) / SHARED;
  if (g.blocks > units) g.blocks = units;
  if (g.blocks < 1) g.blocks = 1;
  g.row_head = format == CK_BF16 ? 0 : (2 * g.blocks + UNIT - 1) / UNIT * UNIT;
  g.panel_head = format == CK_BF16 ? 0 : g.blocks * WIDTH;
  return g;
}

/// The first word of a block; that of the block behind the last one is `words`.
static inline long edge(ck_layout g, long block) {
  return block == 0 ? 0 : block == g.blocks ? g.words : g.padded / UNIT * block / g.blocks * UNIT;
}

/// How products of bf16 are made. Rows hold words, but for `wide` 32-bit floats that have been rounded.
enum bf16_way { bf16_wide, bf16_dot, bf16_amx };
enum bf16_way ck_bf16_way(void);
/// 0: no instruction sums up products of words, 1: VNNI or the like, 2: AMX.
int ck_dots_allowed(void);

typedef struct {
  const float *bias, *start;
  float floor;
  /// Only AMX products look at it; others are followed by GELU.
  int gelu;
} ck_ending;

// Of instruction sets that only some processors of a level have; never called on others.
void ck_bf16_product_dot(const float *x, long rows, long stride, ck_layout g, const float *panel, ck_ending ending,
                         long columns, float *y, long out);
/// AMX: any number of columns, panels one behind the other.
void ck_bf16_product_amx(const float *x, long rows, long stride, ck_layout g, const float *panels, ck_ending ending,
                         long columns, float *y, long out);
void ck_int8_product_amx(const float *x, long rows, long stride, ck_layout g, const float *panels, ck_ending ending,
                         long columns, float *y, long out);
void ck_int_product(ck_format format, const float *x, long rows, long stride, ck_layout g, const float *panel,
                    ck_ending ending, long columns, float *y, long out);
const char *ck_int_instructions(ck_format format);
int ck_int_is_fast(ck_format format);
/// bf16 of a processor that has instructions for it; zeros behind the last one up to a multiple of UNIT.
void ck_bf16_rows_dot(const float *x, long rows, long stride, ck_layout g, float *to, long apart);
/// Whether this processor has dot products of bf16 (arm64; elsewhere the compiler's own question is asked).
int ck_bf16_has_dot(void);
/// Whether the processor has AMX tiles, the system grants them, and they give what other instructions give.
int ck_amx_works(void);

#endif
