// Keeps a container from opening what was not meant: a playlist stays in its own folder or on its own host, and every
// other file opens nothing at all. FFmpeg asks a function pointer of the format context for each nested input.
#pragma once
#include <libavformat/avformat.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct dfer_guard {
  int (*open)(AVFormatContext *, AVIOContext **, const char *, int, AVDictionary **);
  /// Real path of the only folder that files may lie below; empty: no files.
  char folder[PATH_MAX];
  /// The only host that http and https may ask, in lower case; empty: none.
  char host[256];
  /// Opens of the source itself: 1 where FFmpeg opens it, 0 where it was opened before.
  int own;
  /// Nested inputs that may still be opened.
  int left;
  /// Whether something was refused.
  int refused;
} dfer_guard;

/// Whether a path lies below the folder, links followed. A path that does not exist is let through to fail by itself.
static inline int dfer_guard_allows_file(const dfer_guard *guard, const char *path) {
  char real[PATH_MAX];
  size_t length = strlen(guard->folder);
  if (length == 0) return 0;
  if (!realpath(path, real)) return 0;
  if (length == 1) return 1;
  return strncmp(real, guard->folder, length) == 0 && real[length] == '/';
}

static inline int dfer_guard_allows_host(const dfer_guard *guard, const char *authority) {
  size_t length = strcspn(authority, "/?#");
  const char *host = authority;
  for (size_t i = 0; i < length; i++) {
    if (authority[i] == '@') host = authority + i + 1;
  }
  size_t rest = length - (size_t)(host - authority);
  size_t end = 0;
  if (rest > 0 && host[0] == '[') {
    while (end < rest && host[end] != ']') end++;
    if (end < rest) end++;
  } else {
    while (end < rest && host[end] != ':') end++;
  }
  return guard->host[0] != 0 && end == strlen(guard->host) && strncasecmp(host, guard->host, end) == 0;
}

static inline int dfer_guard_allows(const dfer_guard *guard, const char *url) {
  // Encrypted parts are opened through a protocol in front of the real one.
  while (strncasecmp(url, "crypto+", 7) == 0 || strncasecmp(url, "crypto:", 7) == 0) url += 7;
  if (strncasecmp(url, "data:", 5) == 0) return 1;
  if (strncasecmp(url, "http://", 7) == 0) return dfer_guard_allows_host(guard, url + 7);
  if (strncasecmp(url, "https://", 8) == 0) return dfer_guard_allows_host(guard, url + 8);
  if (strncasecmp(url, "file:", 5) == 0) return dfer_guard_allows_file(guard, url + 5);
  size_t scheme = strcspn(url, ":/");
  return url[scheme] != ':' && dfer_guard_allows_file(guard, url);
}

static inline int dfer_guarded_open(
    AVFormatContext *context, AVIOContext **io, const char *url, int flags, AVDictionary **options) {
  dfer_guard *guard = (dfer_guard *)context->opaque;
  if (flags & AVIO_FLAG_WRITE) return AVERROR(EPERM);
  if (guard->own > 0) {
    guard->own--;
  } else if (guard->left <= 0 || !dfer_guard_allows(guard, url)) {
    guard->refused = 1;
    return AVERROR(EPERM);
  } else {
    guard->left--;
  }
  return guard->open(context, io, url, flags, options);
}

/// Lets a format context ask the guard, which must live as long as it.
static inline void dfer_guard_install(AVFormatContext *context, dfer_guard *guard) {
  guard->open = context->io_open;
  context->opaque = guard;
  context->io_open = dfer_guarded_open;
}

/// Sets the folder of the file at `path`, links followed; 0 when it cannot be found.
static inline int dfer_guard_set_folder(dfer_guard *guard, const char *path) {
  char real[PATH_MAX];
  if (!realpath(path, real)) return 0;
  char *slash = strrchr(real, '/');
  if (!slash) return 0;
  slash[slash == real ? 1 : 0] = 0;
  memcpy(guard->folder, real, strlen(real) + 1);
  return 1;
}

/// Sets the host of an http or https address; 0 when it is none.
static inline int dfer_guard_set_host(dfer_guard *guard, const char *host) {
  size_t length = strlen(host);
  if (length == 0 || length >= sizeof guard->host) return 0;
  memcpy(guard->host, host, length + 1);
  return 1;
}
