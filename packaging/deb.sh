#!/usr/bin/env bash
# A Debian package for the release that this runs on, by Debian's own tools: deb.sh TREE, where TREE has bin/ and share/.
# It uses the system's FFmpeg, OpenBLAS and SQLite, and so gets their security updates.
. "$(dirname "$0")/lib.sh"
tree=$(realpath "$1")
. /etc/os-release
package=$version-1~deb${VERSION_ID}u1
source=$work/deb/dfer-$version
rm -rf "$work/deb" && mkdir -p "$source"
cp -r "$root/packaging/debian" "$source/debian"
cp -r "$tree" "$source/stage"
"$root/packaging/licences.sh" "$source/licences"
# A program that was not linked with --static-swift-stdlib brings Swift's runtime in a folder of its own.
ldd "$tree/bin/dfer" | awk '/swift\/linux\//{print $3}' | while read -r file; do
  install -D -m 644 "$file" "$source/stage/lib/dfer/$(basename "$file")"
  patchelf --set-rpath '$ORIGIN' "$source/stage/lib/dfer/$(basename "$file")"
done
if [ -d "$source/stage/lib/dfer" ]; then patchelf --set-rpath '$ORIGIN/../lib/dfer' "$source/stage/bin/dfer"; fi
cat > "$source/debian/changelog" <<C
dfer ($package) unstable; urgency=medium

  * Version $version: see /usr/share/doc/dfer/NEWS.gz for what changed.

 -- The dfer authors <dfer@example.org>  $(date -R -d "@$SOURCE_DATE_EPOCH")
C
if [ -f "$root/CHANGELOG.md" ]; then cp "$root/CHANGELOG.md" "$source/NEWS"; fi
(cd "$source" && DEB_BUILD_OPTIONS=noautodbgsym dpkg-buildpackage -b -us -uc > "$work/deb.log" 2>&1) || { tail -20 "$work/deb.log"; exit 1; }
cp "$work"/deb/*.deb "$dist/"
