#!/usr/bin/env bash
# Builds the FFmpeg that the portable tarball and the Python wheel carry: from Debian's own source package, with its
# patches, LGPL parts only (no x264, no x265).
#
#   packaging/portable-libraries.sh PREFIX
#
# PREFIX gets include/, lib/ and share/. Nothing outside it is changed. Run it on Debian 12: what
# is built there starts on newer systems too, and not the other way round.
set -euo pipefail
prefix=$(realpath -m "${1:?usage: $0 PREFIX}")
jobs=${JOBS:-$(nproc)}
work=$prefix/build
stamp=$prefix/.complete
recipe=$(sha256sum "$0" | cut -d' ' -f1)
if [ "$(cat "$stamp" 2>/dev/null)" = "$recipe" ]; then exit 0; fi
rm -rf "$prefix" && mkdir -p "$work" "$prefix/share/licences"

# The source package of this machine's FFmpeg. The list of sources is our own: the machine's may have no deb-src lines.
. /etc/os-release
{
  printf 'Types: deb-src\nURIs: http://deb.debian.org/debian\nSuites: %s %s-updates\nComponents: main\n' "$VERSION_CODENAME" "$VERSION_CODENAME"
  printf 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n'
  printf 'Types: deb-src\nURIs: http://deb.debian.org/debian-security\nSuites: %s-security\nComponents: main\n' "$VERSION_CODENAME"
  printf 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n'
} > "$work/sources.sources"
mkdir -p "$work/lists/partial"
apt=(-o "Dir::Etc::sourcelist=$work/sources.sources" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$work/lists" -o APT::Sandbox::User=root)
(cd "$work" && apt-get "${apt[@]}" update -qq && apt-get "${apt[@]}" source -qq ffmpeg)
source=$(find "$work" -maxdepth 1 -type d -name 'ffmpeg-*')

# Every decoder, demuxer and protocol that needs no library of its own, AV1, TLS, cameras and the screen; encoders only for
# what `dfer export` writes.
# /opt/dfer, and building in the source folder, keep this machine's paths out of the files.
(
  cd "$source"
  ./configure --prefix=/opt/dfer --libdir=/opt/dfer/lib --incdir=/opt/dfer/include \
    --enable-shared --disable-static --disable-programs --disable-doc --disable-debug --disable-autodetect \
    --disable-avfilter --disable-postproc --disable-encoders --disable-filters \
    --enable-encoder=mjpeg,png,mpeg4,ffv1,aac,pcm_s16le \
    --enable-version3 --enable-openssl --enable-libdav1d --enable-zlib --enable-bzlib \
    --enable-libxcb --enable-libxcb-shm --enable-libxcb-shape --enable-libxcb-xfixes --enable-indev=v4l2,xcbgrab \
    --extra-ldflags="-Wl,--build-id=sha1" > "$work/configure.log"
  make -s -j"$jobs" > "$work/make.log" 2>&1 || { tail -20 "$work/make.log"; exit 1; }
  make -s install DESTDIR="$work/root" > /dev/null
)
cp -a "$work/root/opt/dfer/include" "$prefix/include"
cp -a "$work/root/opt/dfer/lib" "$prefix/lib"
cp "$source/COPYING.LGPLv3" "$source/LICENSE.md" "$prefix/share/licences/"
cp /usr/share/common-licenses/Apache-2.0 "$prefix/share/licences/"
basename "$source" > "$prefix/share/ffmpeg.version"
cp "$work"/ffmpeg_*.dsc "$prefix/share/"

rm -rf "$work"
echo "$recipe" > "$stamp"
