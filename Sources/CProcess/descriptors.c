#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void cprocess_keep_standard_streams(void) {
  for (int number = 0; number <= 2; number++) {
    if (fcntl(number, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one. For the wrong direction, so that reading and writing go on failing.
    if (open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY) != number) return;
  }
}
