#!/bin/sh
# Compiles the C kernels for arm64 and runs their test under emulation, with every set of instructions that they know.
# Needs gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user-static (Debian). Says nothing about speed.
set -e
cd "$(dirname "$0")/../.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
aarch64-linux-gnu-gcc -O2 -static -ffp-contract=off -Wall -Wno-unknown-pragmas -Wno-psabi -Wno-misleading-indentation -D_GNU_SOURCE \
  -ISources/CKernels/include Tests/Kernels/reduced.c Sources/CKernels/*.c -lm -o "$out/reduced"
for cpu in max cortex-a72; do  # with dot products and bf16, without
  echo "cpu $cpu"
  "${QEMU:-qemu-aarch64-static}" -cpu $cpu "$out/reduced"
done
