#!/usr/bin/env bash
# Makes a clean system in a folder, for tests: packaging/system.sh RELEASE FOLDER [PACKAGE...]
# RELEASE is bookworm (Debian 12), trixie (13) or noble (Ubuntu 24.04). Needs root and debootstrap. A folder that is there
# is used again.
set -euo pipefail
release=$1 folder=$2
shift 2
if [ ! -e "$folder/.ready" ]; then
  mkdir -p "$folder"
  case $release in
    noble)
      # Ubuntu's keys are not packaged by Debian 12; its releases all install by the same script.
      keys=$(mktemp -d)
      archive=https://archive.ubuntu.com/ubuntu/pool/main/u/ubuntu-keyring/ubuntu-keyring_2023.11.28.1_all.deb
      curl -sSf -o "$keys/keys.deb" "$archive" && dpkg-deb -x "$keys/keys.deb" "$keys"
      options=(--keyring="$keys/usr/share/keyrings/ubuntu-archive-keyring.gpg" --components=main,universe)
      from=(http://archive.ubuntu.com/ubuntu gutsy)
      ;;
    *)
      options=(--keyring=/usr/share/keyrings/debian-archive-keyring.gpg)
      from=(http://deb.debian.org/debian)
      ;;
  esac
  debootstrap --variant=minbase "${options[@]}" "$release" "$folder" "${from[@]}" > "$folder.log" 2>&1 ||
    { tail -5 "$folder.log"; exit 1; }
  # No service may start in a folder.
  printf '#!/bin/sh\nexit 101\n' > "$folder/usr/sbin/policy-rc.d" && chmod 755 "$folder/usr/sbin/policy-rc.d"
  touch "$folder/.ready"
fi
cp -L /etc/resolv.conf "$folder/etc/resolv.conf"
cp /etc/hosts "$folder/etc/hosts"
if [ $# -gt 0 ]; then
  # Nothing of the environment is meant for a system in which its folders do not exist.
  chroot "$folder" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive \
    sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"' sh "$@" \
    > "$folder.log" 2>&1 || { tail -5 "$folder.log"; exit 1; }
fi
