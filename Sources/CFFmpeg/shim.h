// What Swift cannot import from FFmpeg: function-like macros, and fields whose place differs between 5.1, 6 and 7.
#pragma once
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavdevice/avdevice.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libavutil/sha.h>
#include <libswscale/swscale.h>

#include "camera.h"
#include "guard.h"

static const int dfer_error_eof = AVERROR_EOF;
static const int dfer_error_again = AVERROR(EAGAIN);
static const int dfer_error_invalid_data = AVERROR_INVALIDDATA;
static const int dfer_error_exit = AVERROR_EXIT;
static const int dfer_error_encoder_not_found = AVERROR_ENCODER_NOT_FOUND;
static const int dfer_error_stream_not_found = AVERROR_STREAM_NOT_FOUND;
static const int64_t dfer_no_pts = AV_NOPTS_VALUE;

// Macros up to FFmpeg 7, an enum of its own type from 8 on.
static const int dfer_sws_area = SWS_AREA;
static const int dfer_sws_bilinear = SWS_BILINEAR;
static const int dfer_sws_exact = SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT;

// The scaler is an opaque type up to FFmpeg 7 and a struct from 8 on, which are two Swift types: keep it as raw memory.
static inline void *dfer_scaler_raw(struct SwsContext *scaler) { return scaler; }
static inline struct SwsContext *dfer_scaler(void *raw) { return (struct SwsContext *)raw; }

/// POSIX code behind an FFmpeg error, or 0.
static inline int dfer_posix_code(int error) { return error < 0 && error > -4096 ? AVUNERROR(error) : 0; }

/// The stream's display matrix (nine fixed-point numbers), or NULL.
static inline const int32_t *dfer_display_matrix(const AVStream *stream) {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 102)
  const AVPacketSideData *side = av_packet_side_data_get(
      stream->codecpar->coded_side_data, stream->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
  return side && side->size >= 9 * sizeof(int32_t) ? (const int32_t *)side->data : NULL;
#else
  size_t size = 0;
  const uint8_t *data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  return data && size >= 9 * sizeof(int32_t) ? (const int32_t *)data : NULL;
#endif
}

/// Frames a second of a stream, 0 when unknown. For what has no time stamps, such as raw H.264, FFmpeg 7's average is the
/// demuxer's own guess of 25, and what the stream says of itself stands elsewhere.
static inline AVRational dfer_frame_rate(const AVFormatContext *context, const AVStream *stream) {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 10, 100)
  AVRational own = stream->codecpar->framerate;
  if (context->iformat->flags & AVFMT_NOTIMESTAMPS && own.num > 0 && own.den > 0) return own;
#else
  (void)context;
#endif
  return stream->avg_frame_rate;
}

/// How long a frame is shown, in ticks of its stream; 0 when unknown.
static inline int64_t dfer_frame_duration(const AVFrame *frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
  return frame->duration;
#else
  return frame->pkt_duration;
#endif
}
