// What FFmpeg's demuxers say of damage. They search for the next sound place and go on there, and their caller learns of that
// from nothing but the log.
#pragma once

/// From now on FFmpeg prints nothing, on no thread, and errors of demuxers are counted.
void dfer_listen_to_demuxers(void);
/// Errors that demuxers have found on this thread.
long dfer_demuxer_errors(void);
