// Files that somebody is still writing.
#pragma once

struct AVIOContext;

/// Makes a source say that nobody knows its size: FFmpeg cuts what reaches beyond the size of the moment.
void dfer_hide_size(struct AVIOContext *source);
