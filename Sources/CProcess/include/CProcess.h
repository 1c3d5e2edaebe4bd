// What the program needs of the C library and Swift does not reach.
//
// Signals as bytes in a pipe, because a handler may do next to nothing itself, and none of it in Swift.
//
// libdispatch's signal sources were tried first. They read from a signalfd, which hears a signal only while every
// thread blocks it; OpenBLAS's threads exist before `main` and block nothing, so that the kernel gives them the signal,
// and it is lost.
#pragma once

/// From now on each of these signals writes its number as one byte to a pipe, on whatever thread it arrives. System
/// calls that it interrupts go on. The calling thread no longer blocks them: a program starts with what the thread that
/// started it blocks, and those of thread pools block nearly everything. Returns the end to read from, which stays open
/// as long as the process, or -1 with `errno`.
int cprocess_listen(const int *numbers, int count);

/// Whether the signal is ignored, as whoever started the program asked for.
int cprocess_is_ignored(int number);

/// Takes the numbers of standard streams that whoever started the program has closed, before a file or a pipe gets one of
/// them: what is printed would go there. Reading and writing them fails as before.
void cprocess_keep_standard_streams(void);

/// One pool of memory for all threads of the process: glibc's pool for each thread keeps what that thread once needed.
/// Tensors are large and few, so nobody waits for the pool. Does nothing where there is no such choice.
void cprocess_share_memory(void);

/// Writes what the process has printed. 0, or the `errno` with which standard output refused some of it.
int cprocess_flush(void);

/// Ends the process without exit handlers, which are not safe while other threads calculate. Under AddressSanitizer they run:
/// one of them looks for leaks.
_Noreturn void cprocess_end(int status);
