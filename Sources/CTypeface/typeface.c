#include "typeface.h"

#include <ft2build.h>
#include FT_FREETYPE_H

static FT_Library library;
static FT_Face face;
// Height of a capital over the size that is asked for.
static double capital_share;

int tf_open(const char *path) {
  if (face || (!library && FT_Init_FreeType(&library))) return 0;
  if (FT_New_Face(library, path, 0, &face)) {
    face = NULL;
    return 0;
  }
  // Measured on the outline itself: not every font states the height of its capitals.
  if (!FT_IS_SCALABLE(face) || FT_Load_Char(face, 'H', FT_LOAD_NO_SCALE) || face->glyph->metrics.height <= 0) {
    FT_Done_Face(face);
    face = NULL;
    return 0;
  }
  capital_share = (double)face->glyph->metrics.height / face->units_per_EM;
  return 1;
}

tf_glyph tf_render(unsigned character, double capitals) {
  tf_glyph glyph = {0};
  if (!face || FT_Set_Char_Size(face, 0, (FT_F26Dot6)(capitals / capital_share * 64 + 0.5), 72, 72)) return glyph;
  if (FT_Load_Char(face, character, FT_LOAD_RENDER | FT_LOAD_TARGET_LIGHT)) return glyph;
  FT_GlyphSlot slot = face->glyph;
  if (slot->bitmap.pixel_mode == FT_PIXEL_MODE_GRAY) {
    glyph.width = (int)slot->bitmap.width;
    glyph.height = (int)slot->bitmap.rows;
  }
  glyph.left = slot->bitmap_left;
  glyph.top = slot->bitmap_top;
  glyph.advance = slot->advance.x / 64.0;
  return glyph;
}

int tf_cover(int x, int y) {
  FT_Bitmap *bitmap = &face->glyph->bitmap;
  return bitmap->buffer[y * bitmap->pitch + x];
}
