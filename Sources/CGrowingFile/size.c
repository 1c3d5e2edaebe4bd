#include "CGrowingFile.h"

#include <libavformat/avformat.h>
#include <stdatomic.h>

typedef int64_t (*seek_function)(void *, int64_t, int);

/// How FFmpeg seeks in all sources that it opens itself.
static _Atomic(seek_function) plain_seek;

static int64_t seek_without_size(void *opaque, int64_t offset, int whence) {
  return whence & AVSEEK_SIZE ? AVERROR(ENOSYS) : atomic_load(&plain_seek)(opaque, offset, whence);
}

void dfer_hide_size(AVIOContext *source) {
  if (!source->seek || source->seek == seek_without_size) return;
  atomic_store(&plain_seek, source->seek);
  source->seek = seek_without_size;
}
