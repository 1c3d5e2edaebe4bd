// Glyphs of a font file as coverage, without a pointer that Swift would have to look after. Not thread-safe: the caller
// holds a lock over `tf_render` and the `tf_cover` calls that belong to it.
#pragma once

/// A glyph that was rendered: its size in pixels, where its left edge is from the pen, how far its top edge is above the baseline,
/// and how far the pen moves on.
typedef struct {
  int width, height, left, top;
  double advance;
} tf_glyph;

/// Opens the font for all later calls. Returns 0 when the file is no font that can be scaled.
int tf_open(const char *path);

/// Renders a Unicode character so that capitals are `capitals` pixels high. A character that the font does not have is its box.
tf_glyph tf_render(unsigned character, double capitals);

/// How much of the pixel the glyph that was rendered last covers, 0 to 255.
int tf_cover(int x, int y);
