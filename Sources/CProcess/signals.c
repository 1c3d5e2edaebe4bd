#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static int ends[2] = {-1, -1};

static void heard(int number) {
  int before = errno;
  unsigned char byte = (unsigned char)number;
  // A full pipe holds thousands of signals that nobody has read yet: one more says nothing new.
  ssize_t written = write(ends[1], &byte, 1);
  (void)written;
  errno = before;
}

int cprocess_listen(const int *numbers, int count) {
  if (ends[0] < 0) {
    if (pipe(ends) != 0) return -1;
    for (int end = 0; end < 2; end++) fcntl(ends[end], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
  }
  struct sigaction action = {.sa_handler = heard, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigset_t wanted;
  sigemptyset(&wanted);
  for (int index = 0; index < count; index++) {
    if (sigaction(numbers[index], &action, NULL) != 0) return -1;
    sigaddset(&wanted, numbers[index]);
  }
  if (pthread_sigmask(SIG_UNBLOCK, &wanted, NULL) != 0) return -1;
  return ends[0];
}

int cprocess_is_ignored(int number) {
  struct sigaction present;
  return sigaction(number, NULL, &present) == 0 && present.sa_handler == SIG_IGN;
}
