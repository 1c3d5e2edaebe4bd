// FFmpeg's library of cameras, screens and filter graphs. It brings libavfilter and eighty more libraries along, which took
// 16 MB of memory and 0.08 s from every run, so it is loaded only when somebody reads a device.
#pragma once

struct AVDeviceInfoList;
struct AVInputFormat;

/// The library's file, of the version that the program was built with.
const char *dfer_devices_library(void);
/// Makes the formats of devices known to libavformat; 0 where the library is not installed.
int dfer_devices_register(void);
/// The devices of a format, as of `avdevice_list_input_sources`; 0 where the library is not installed.
int dfer_devices_list(const struct AVInputFormat *format, struct AVDeviceInfoList **list);
void dfer_devices_free(struct AVDeviceInfoList **list);
