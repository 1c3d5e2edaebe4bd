#!/usr/bin/env bash
# Puts the libraries that a program needs beside it, so that it starts where they are not installed.
#
#   packaging/bundle.sh TREE LIBRARIES
#
# TREE has bin/dfer; it gets lib/dfer/*.so and share/doc/dfer/licences/. LIBRARIES is what portable-libraries.sh built. Left to the
# system are the C library and GCC's runtime, which every Linux with glibc has.
. "$(dirname "$0")/lib.sh"
tree=$1 libraries=$2
licences=$tree/share/doc/dfer/licences
mkdir -p "$tree/lib/dfer" "$licences"
: > "$work/bundled.tsv"
# What the program links, and libavdevice, which it loads when somebody reads a camera or a screen.
devices=$(readlink -f "$libraries"/lib/libavdevice.so)
{
  LD_LIBRARY_PATH=$libraries/lib ldd "$tree/bin/dfer" "$devices" | awk '/=> \//{print $1, $3}'
  echo "$(patchelf --print-soname "$devices") $devices"
} | sort -u | while read -r name file; do
  case $name in
    libc.so.* | libm.so.* | libpthread.so.* | libdl.so.* | librt.so.* | libresolv.so.* | ld-linux* | libgcc_s.so.* | libstdc++.so.*) continue ;;
  esac
  install -m 755 "$(realpath "$file")" "$tree/lib/dfer/$name"
  strip --strip-unneeded "$tree/lib/dfer/$name"
  # $ORIGIN: they find each other wherever the folder is put.
  patchelf --set-rpath '$ORIGIN' "$tree/lib/dfer/$name"
  case $file in
    # A program that was not linked with --static-swift-stdlib: the runtime comes along instead.
    */swift/linux/*) printf '%s\tswift\t%s\tswift\n' "$name" "$(swift --version 2> /dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p')" >> "$work/bundled.tsv" ;;
    "$libraries"/*)
      printf '%s\tffmpeg\t%s\tffmpeg\n' "$name" "$(sed -n 's/^Version: [0-9]*://p' "$libraries"/share/ffmpeg_*.dsc)" >> "$work/bundled.tsv" ;;
    *)
      # Debian's database may have /lib where the file system has /usr/lib.
      real=$(realpath "$file")
      package=$({ dpkg -S "$real" || dpkg -S "${real#/usr}"; } 2> /dev/null | head -1 | cut -d: -f1)
      # shellcheck disable=SC2016
      printf '%s\t%s\n' "$name" "$(dpkg-query -W -f '${Package}\t${Version}\t${source:Package}' "$package")" >> "$work/bundled.tsv"
      install -m 644 "/usr/share/doc/$package/copyright" "$licences/$package.txt" ;;
  esac
done
patchelf --set-rpath '$ORIGIN/../lib/dfer' "$tree/bin/dfer"
install -m 644 "$libraries/share/licences/COPYING.LGPLv3" "$licences/ffmpeg-LGPL-3.txt"
install -m 644 "$libraries/share/licences/LICENSE.md" "$licences/ffmpeg.md"
