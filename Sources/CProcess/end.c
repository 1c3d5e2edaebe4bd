#include "CProcess.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int cprocess_flush(void) {
  // An earlier write may have failed, whose reason is gone.
  int failed = ferror(stdout);
  if (fflush(stdout) != 0) return errno;
  return failed ? EIO : 0;
}

void cprocess_end(int status) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  exit(status);
#endif
#endif
  _exit(status);
}
