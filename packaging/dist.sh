#!/usr/bin/env bash
# Makes everything that is published, in dist/: the portable tarball, a Debian package for this system's release, checksums,
# and the bill of materials.
#
#   packaging/dist.sh [tarball] [deb] [sbom]
. "$(dirname "$0")/lib.sh"
here=$root/packaging
libraries=${LIBRARIES:-$root/.build-libraries}
parts=${*:-tarball deb sbom}
mkdir -p "$dist" "$work"
binary=$(release_binary)
name=dfer-$version-linux-$machine

if [[ " $parts " == *" tarball "* ]]; then
  "$here/portable-libraries.sh" "$libraries"
  stage "$binary" "$work/$name"
  "$here/bundle.sh" "$work/$name" "$libraries"
  "$here/licences.sh" "$work/$name/share/doc/dfer/licences"
  install -m 644 "$here/tarball-README" "$work/$name/README"
  install -m 644 "$root/LICENSE" "$work/$name/LICENSE"
  dates "$work/$name"
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --format=gnu -C "$work" -cf - "$name" | gzip -9n > "$dist/$name.tar.gz"
fi
if [[ " $parts " == *" deb "* ]]; then
  stage "$binary" "$work/usr"
  "$here/deb.sh" "$work/usr"
fi
if [[ " $parts " == *" sbom "* ]]; then
  python3 "$here/sbom.py" --root "$root" --tree "$work/$name" --bundled "$work/bundled.tsv" --version "$version" > "$dist/$name.spdx.json"
fi
(cd "$dist" && find . -maxdepth 1 -type f ! -name SHA256SUMS -printf '%f\n' | sort | xargs sha256sum > SHA256SUMS)
ls -l "$dist"
