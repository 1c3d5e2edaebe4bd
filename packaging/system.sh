#!/usr/bin/env bash
# Makes a clean Debian system in a folder, for tests: packaging/system.sh RELEASE FOLDER [PACKAGE...]
# RELEASE is bookworm (12) or trixie (13). Needs root and debootstrap. A folder that is there is used again.
set -euo pipefail
release=$1 folder=$2
shift 2
if [ ! -e "$folder/.ready" ]; then
  mkdir -p "$folder"
  debootstrap --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg "$release" "$folder" http://deb.debian.org/debian \
    > "$folder.log" 2>&1 || { tail -5 "$folder.log"; exit 1; }
  # No service may start in a folder.
  printf '#!/bin/sh\nexit 101\n' > "$folder/usr/sbin/policy-rc.d" && chmod 755 "$folder/usr/sbin/policy-rc.d"
  touch "$folder/.ready"
fi
cp -L /etc/resolv.conf "$folder/etc/resolv.conf"
cp /etc/hosts "$folder/etc/hosts"
if [ $# -gt 0 ]; then
  chroot "$folder" sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"' sh "$@" \
    > "$folder.log" 2>&1 || { tail -5 "$folder.log"; exit 1; }
fi
