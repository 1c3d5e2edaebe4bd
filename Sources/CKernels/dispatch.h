// For files whose bodies are compiled once for each instruction set: names with an ending, and the call of the right one.
#ifndef CK_DISPATCH_H
#define CK_DISPATCH_H

#include "CKernels.h"

#define PASTE2(a, b) a##b
#define PASTE(a, b) PASTE2(a, b)

static inline long smaller(long a, long b) { return a < b ? a : b; }

#if defined(__x86_64__)
#define DISPATCH(name, arguments)           \
  switch (ck_level()) {                     \
    case 2: name##_avx512 arguments; break; \
    case 1: name##_avx2 arguments; break;   \
    default: name##_base arguments;         \
  }
#else
#define DISPATCH(name, arguments) name##_base arguments;
#endif

#endif
