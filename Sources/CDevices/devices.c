#include "CDevices.h"

#include <dlfcn.h>
#include <libavdevice/avdevice.h>
#include <libavformat/avformat.h>
#include <libavutil/macros.h>
#include <stdio.h>
#include <string.h>

#ifdef __APPLE__
static const char file[] = "libavdevice." AV_STRINGIFY(LIBAVDEVICE_VERSION_MAJOR) ".dylib";
#else
static const char file[] = "libavdevice.so." AV_STRINGIFY(LIBAVDEVICE_VERSION_MAJOR);
#endif

const char *dfer_devices_library(void) { return file; }

/// The library beside libavformat, which is of the same build, else wherever the system finds it. Loading it again only
/// counts.
static void *library(void) {
  Dl_info format;
  char beside[4096];
  if (dladdr((void *)avformat_version, &format) && format.dli_fname) {
    const char *slash = strrchr(format.dli_fname, '/');
    int folder = slash ? (int)(slash - format.dli_fname) : 0;
    if (slash && snprintf(beside, sizeof beside, "%.*s/%s", folder, format.dli_fname, file) < (int)sizeof beside) {
      void *found = dlopen(beside, RTLD_NOW | RTLD_LOCAL);
      if (found) return found;
    }
  }
  return dlopen(file, RTLD_NOW | RTLD_LOCAL);
}

static void *function(const char *name) {
  void *devices = library();
  return devices ? dlsym(devices, name) : NULL;
}

int dfer_devices_register(void) {
  void (*run)(void) = (void (*)(void))function("avdevice_register_all");
  if (run) run();
  return run != NULL;
}

int dfer_devices_list(const AVInputFormat *format, AVDeviceInfoList **list) {
  typedef int (*lister)(const AVInputFormat *, const char *, AVDictionary *, AVDeviceInfoList **);
  lister run = (lister)function("avdevice_list_input_sources");
  return run ? run(format, NULL, NULL, list) : 0;
}

void dfer_devices_free(AVDeviceInfoList **list) {
  void (*run)(AVDeviceInfoList **) = (void (*)(AVDeviceInfoList **))function("avdevice_free_list_devices");
  if (run) run(list);
}
