// What a Video4Linux camera says of itself, without starting it: libavdevice only prints that, and leaves out cameras
// that it cannot open. Swift cannot call the variadic ioctl.
#pragma once
#include <stdint.h>
#ifdef __linux__
#include <errno.h>
#include <linux/videodev2.h>
#include <string.h>
#include <sys/ioctl.h>

/// Whether a descriptor is a device that captures pictures. Its name goes into `name`, 33 bytes with the final zero.
static inline int dfer_camera_captures(int fd, char *name) {
  struct v4l2_capability capability;
  memset(&capability, 0, sizeof capability);
  name[0] = 0;
  if (ioctl(fd, VIDIOC_QUERYCAP, &capability) < 0) return 0;
  memcpy(name, capability.card, 32);
  name[32] = 0;
  uint32_t able = capability.capabilities & V4L2_CAP_DEVICE_CAPS ? capability.device_caps : capability.capabilities;
  return (able & V4L2_CAP_VIDEO_CAPTURE) != 0;
}

/// Whether another program has the camera's buffers. Asking for no buffers changes nothing.
static inline int dfer_camera_is_busy(int fd) {
  struct v4l2_requestbuffers request;
  memset(&request, 0, sizeof request);
  request.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  request.memory = V4L2_MEMORY_MMAP;
  return ioctl(fd, VIDIOC_REQBUFS, &request) < 0 && errno == EBUSY;
}

/// Four-character code of format number `index`, or 0 after the last.
static inline uint32_t dfer_camera_format(int fd, uint32_t index) {
  struct v4l2_fmtdesc format;
  memset(&format, 0, sizeof format);
  format.index = index;
  format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  return ioctl(fd, VIDIOC_ENUM_FMT, &format) < 0 ? 0 : format.pixelformat;
}

/// Size number `index` of a format (of a range: its largest); false after the last.
static inline int dfer_camera_size(int fd, uint32_t format, uint32_t index, int32_t *width, int32_t *height) {
  struct v4l2_frmsizeenum size;
  memset(&size, 0, sizeof size);
  size.index = index;
  size.pixel_format = format;
  if (ioctl(fd, VIDIOC_ENUM_FRAMESIZES, &size) < 0) return 0;
  int discrete = size.type == V4L2_FRMSIZE_TYPE_DISCRETE;
  *width = (int32_t)(discrete ? size.discrete.width : size.stepwise.max_width);
  *height = (int32_t)(discrete ? size.discrete.height : size.stepwise.max_height);
  return discrete || index == 0;
}

/// Frames a second number `index` of a format and size (of a range: the highest), or 0 after the last.
static inline double dfer_camera_rate(int fd, uint32_t format, int32_t width, int32_t height, uint32_t index) {
  struct v4l2_frmivalenum interval;
  memset(&interval, 0, sizeof interval);
  interval.index = index;
  interval.pixel_format = format;
  interval.width = (uint32_t)width;
  interval.height = (uint32_t)height;
  if (ioctl(fd, VIDIOC_ENUM_FRAMEINTERVALS, &interval) < 0) return 0;
  int discrete = interval.type == V4L2_FRMIVAL_TYPE_DISCRETE;
  struct v4l2_fract time = discrete ? interval.discrete : interval.stepwise.min;
  return time.numerator > 0 && (discrete || index == 0) ? (double)time.denominator / time.numerator : 0;
}
#endif
