// A camera for tests on machines without one: put before the C library (LD_PRELOAD), it answers for /dev/video7 what a
// driver would, so that the program and libavdevice run the code that they run with a real camera.
//
//   FAKE_CAMERA         file of 640x480 YUYV pictures, sent 25 times a second, again and again
//   FAKE_CAMERA_STATE   busy, forbidden, or silent (never sends a picture)
//   FAKE_CAMERA_UNPLUG  seconds after the start at which the camera is pulled out
//   FAKE_CAMERA_BACK    seconds after the start at which it is there again
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { width = 640, height = 480, bytes = 2 * width * height, most = 32 };
static const char *path = "/dev/video7";
static int camera = -1, count, ready[most], first, waiting;
static char *buffers[most];
static FILE *pictures;
static double begun, sent;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static double setting(const char *name) {
  const char *text = getenv(name);
  return text ? atof(text) : 1e9;
}

static int state_is(const char *name) {
  const char *text = getenv("FAKE_CAMERA_STATE");
  return text && !strcmp(text, name);
}

static int plugged(void) {
  double t = now() - begun;
  return t < setting("FAKE_CAMERA_UNPLUG") || t >= setting("FAKE_CAMERA_BACK");
}

static int fail(int code) {
  errno = code;
  return -1;
}

__attribute__((constructor)) static void start(void) { begun = now(); }

static int open_camera(int flags) {
  if (!plugged()) return fail(ENOENT);
  if (state_is("forbidden")) return fail(EACCES);
  int fd = memfd_create("camera", 0);
  // Only who may wait without blocking is served: a blocking reader would hang in a real driver.
  if (flags & O_NONBLOCK) fcntl(fd, F_SETFL, O_NONBLOCK);
  return camera = fd;
}

#define OPEN(name)                                                   \
  int name(const char *file, int flags, ...) {                       \
    if (!strcmp(file, path)) return open_camera(flags);              \
    va_list list;                                                    \
    va_start(list, flags);                                           \
    int mode = va_arg(list, int);                                    \
    va_end(list);                                                    \
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, #name);   \
    return real(file, flags, mode);                                  \
  }
OPEN(open)
OPEN(open64)

DIR *opendir(const char *name) {
  static DIR *(*real)(const char *);
  if (!real) real = dlsym(RTLD_NEXT, "opendir");
  const char *folder = getenv("FAKE_CAMERA_FOLDER");
  return real(folder && !strcmp(name, "/dev") ? folder : name);
}

// What is no longer mapped can no longer be read, as in a driver: a frame that outlives its camera must own its pixels.
static void *map(char *buffer, int protection) {
  mprotect(buffer, bytes, protection);
  return buffer;
}

#define MMAP(name, type)                                                                         \
  void *name(void *at, size_t length, int protection, int flags, int fd, type offset) {          \
    if (fd >= 0 && fd == camera) return map(buffers[offset / bytes], PROT_READ | PROT_WRITE);    \
    void *(*real)(void *, size_t, int, int, int, type) = dlsym(RTLD_NEXT, #name);                \
    return real(at, length, protection, flags, fd, offset);                                      \
  }
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

int munmap(void *at, size_t length) {
  for (int i = 0; i < count; i++)
    if (buffers[i] == at) return map(at, PROT_NONE), 0;
  int (*real)(void *, size_t) = dlsym(RTLD_NEXT, "munmap");
  return real(at, length);
}

static int dequeue(struct v4l2_buffer *buffer) {
  if (state_is("silent") || !waiting || now() < sent + 0.04) return fail(EAGAIN);
  sent = now() - sent > 1 ? now() : sent + 0.04;
  int index = ready[first];
  first = (first + 1) % most;
  waiting--;
  if (!pictures) pictures = fopen(getenv("FAKE_CAMERA"), "rb");
  if (pictures && fread(buffers[index], 1, bytes, pictures) < bytes) {
    rewind(pictures);
    (void)!fread(buffers[index], 1, bytes, pictures);
  }
  buffer->index = index;
  buffer->bytesused = bytes;
  buffer->timestamp.tv_sec = (long)sent;
  buffer->timestamp.tv_usec = (long)((sent - (long)sent) * 1e6);
  buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  return 0;
}

static int answer(unsigned long request, void *about) {
  if (!plugged()) return fail(ENODEV);
  switch (request) {
  case VIDIOC_QUERYCAP: {
    struct v4l2_capability *a = about;
    memset(a, 0, sizeof *a);
    strcpy((char *)a->card, "Test camera");
    a->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    return 0;
  }
  case VIDIOC_G_INPUT:
  case VIDIOC_S_INPUT: return 0;
  case VIDIOC_ENUMINPUT: {
    struct v4l2_input *a = about;
    a->std = 0;
    return 0;
  }
  case VIDIOC_ENUM_FMT: {
    struct v4l2_fmtdesc *a = about;
    if (a->index > 0) return fail(EINVAL);
    a->pixelformat = V4L2_PIX_FMT_YUYV;
    return 0;
  }
  case VIDIOC_ENUM_FRAMESIZES: {
    struct v4l2_frmsizeenum *a = about;
    if (a->index > 0) return fail(EINVAL);
    a->type = V4L2_FRMSIZE_TYPE_DISCRETE;
    a->discrete.width = width;
    a->discrete.height = height;
    return 0;
  }
  case VIDIOC_ENUM_FRAMEINTERVALS: {
    struct v4l2_frmivalenum *a = about;
    if (a->index > 0) return fail(EINVAL);
    a->type = V4L2_FRMIVAL_TYPE_DISCRETE;
    a->discrete.numerator = 1;
    a->discrete.denominator = 25;
    return 0;
  }
  case VIDIOC_S_FMT:
    if (state_is("busy")) return fail(EBUSY); // fall through
  case VIDIOC_G_FMT:
  case VIDIOC_TRY_FMT: {
    struct v4l2_format *a = about;
    memset(&a->fmt.pix, 0, sizeof a->fmt.pix);
    a->fmt.pix.width = width;
    a->fmt.pix.height = height;
    a->fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
    a->fmt.pix.field = V4L2_FIELD_NONE;
    a->fmt.pix.bytesperline = 2 * width;
    a->fmt.pix.sizeimage = bytes;
    return 0;
  }
  case VIDIOC_G_PARM:
  case VIDIOC_S_PARM: {
    struct v4l2_streamparm *a = about;
    a->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
    a->parm.capture.timeperframe.numerator = 1;
    a->parm.capture.timeperframe.denominator = 25;
    return 0;
  }
  case VIDIOC_REQBUFS: {
    struct v4l2_requestbuffers *a = about;
    if (state_is("busy")) return fail(EBUSY);
    if (a->count > most) a->count = most;
    for (; count < (int)a->count; count++) buffers[count] = aligned_alloc(4096, bytes);
    first = waiting = 0;
    return 0;
  }
  case VIDIOC_QUERYBUF: {
    struct v4l2_buffer *a = about;
    a->length = bytes;
    a->m.offset = a->index * bytes;
    return 0;
  }
  case VIDIOC_QBUF: ready[(first + waiting++) % most] = ((struct v4l2_buffer *)about)->index; return 0;
  case VIDIOC_DQBUF: return dequeue(about);
  case VIDIOC_STREAMON: sent = now(); return 0;
  case VIDIOC_STREAMOFF: return 0;
  default: return fail(ENOTTY);
  }
}

int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void *about = va_arg(list, void *);
  va_end(list);
  if (fd >= 0 && fd == camera) return answer(request, about);
  int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
  return real(fd, request, about);
}
