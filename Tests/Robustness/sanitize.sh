#!/usr/bin/env bash
# The tests under AddressSanitizer and ThreadSanitizer, then damaged videos through a program built with the first.
#
#   sanitize.sh [address|thread|videos]...     default: all three, one after the other
. "$(dirname "$0")/lib.sh"
cd "$root" || exit 2
[ $# -gt 0 ] || set -- address thread videos
# Sanitized code needs several times the memory and is many times slower: two tests measure just that.
measures='slowClientsCostNothing|requestsAreLimitedInSizeAndNumber'
# Kernels in C are optimised, or the networks would take hours. Commands run the released program: see `videos`.
flags=(-Xcc -O2 -Xcc -fno-omit-frame-pointer)
export DFER_BINARY=$dfer

suites() { # sanitizer
  local sanitizer=$1 folder=.build-$1 suite
  swift build --build-tests --sanitize "$sanitizer" --scratch-path "$folder" "${flags[@]}" || return
  for suite in Timeline Image Video Tracking Tensor "" Web Synthesis Training Models; do
    check "$sanitizer: Dfer${suite}Tests" \
      timeout "${LIMIT:-3600}" swift test --skip-build --disable-xctest --sanitize "$sanitizer" --scratch-path "$folder" \
      "${flags[@]}" --filter "^Dfer${suite}Tests\\." --skip "$measures"
  done
}

for part in "$@"; do
  case $part in
    address)
      # Leaks are looked for below: of a test process they tell about the tests.
      ASAN_OPTIONS=detect_leaks=0 suites address
      ;;
    thread)
      TSAN_OPTIONS="suppressions=$root/Tests/Robustness/thread.supp" suites thread
      ;;
    videos)
      swift build -c release --product dfer --sanitize address --scratch-path .build-address "${flags[@]}" || exit
      check "address: the fault table" env ASAN_OPTIONS=detect_leaks=0 DFER_BINARY="$root/.build-address/release/dfer" \
        swift test --disable-xctest --filter FaultTableTests
      check "leaks of one run" env ASAN_OPTIONS=detect_leaks=1 \
        .build-address/release/dfer watch --quiet --keep-tubes 0.1 Samples/no-face.mp4 -o "$work/rows.csv"
      ;;
    *) echo "sanitize.sh: no part is called $part" >&2; exit 2 ;;
  esac
done
finish
