#include "CDemuxerLog.h"

#include <libavformat/avformat.h>
#include <stdarg.h>

static _Thread_local long errors;

// Of demuxers alone: decoders say with the frame what is wrong with it.
static void listen(void *context, int level, const char *format, va_list arguments) {
  (void)format, (void)arguments;
  if (level <= AV_LOG_ERROR && context && *(const AVClass **)context == avformat_get_class()) errors++;
}

void dfer_listen_to_demuxers(void) { av_log_set_callback(listen); }

long dfer_demuxer_errors(void) { return errors; }
