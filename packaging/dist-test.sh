#!/usr/bin/env bash
# The packages on clean systems: makes Debian 12 and 13 and Ubuntu 24.04 in folders, installs what is in dist/ there without
# any toolchain, does the README's main job, compares the rows with those of the program in .build/release, and removes the
# package again.
#
#   packaging/dist-test.sh [12] [13] [24.04]    needs root, debootstrap and dist/ (make dist; the package for 13 is made on 13)
. "$(dirname "$0")/lib.sh"
here=$root/packaging
systems=${SYSTEMS:-$work/systems}
reference=${REFERENCE:-$root/.build/release/dfer}
declare -A names=([12]=bookworm [13]=trixie [24.04]=noble)
mkdir -p "$systems" "$work"
failures=0

say() { printf '%-14s %s\n' "$1" "$2"; }
check() { if "${@:3}"; then say "$1" "ok: $2"; else say "$1" "FAILED: $2"; failures=$((failures + 1)); fi; }
inside() { chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 sh -ec "$2"; }
seconds() { local start; start=$(date +%s.%N); "$@"; printf '%.1f' "$(echo "$(date +%s.%N) - $start" | bc)" > "$work/seconds"; }

mkdir -p "$work/reference"
"$reference" watch --quiet --overwrite "$root/Samples/one-face.mp4" -o "$work/reference/rows.csv"
# Labels and times must be equal; numbers may differ in the last digits where another OpenBLAS or FFmpeg took part.
same_rows() { python3 "$here/same_rows.py" "$work/reference/rows.csv" "$1"; }

# fresh NUMBER: an unused copy of that system, with /proc.
fresh() {
  local base=$systems/${names[$1]} copy=$systems/test-$1
  if mountpoint -q "$copy/proc"; then umount "$copy/proc"; fi
  rm -rf "$copy"
  "$here/system.sh" "${names[$1]}" "$base"
  cp -a "$base" "$copy"
  mount -t proc proc "$copy/proc"
  cp "$root/Samples/one-face.mp4" "$copy/root/talk.mp4"
  echo "$copy"
}

for release in ${*:-12 13 24.04}; do
  # The tarball: nothing is installed at all.
  system=$(fresh "$release")
  archive=$dist/dfer-$version-linux-$machine.tar.gz
  cp "$archive" "$system/root/"
  seconds inside "$system" "cd /root && tar xzf dfer-*.tar.gz && dfer-*/bin/dfer watch talk.mp4 -o talk.csv 2> said.txt" || cat "$system/root/said.txt"
  check "tarball on $release" "first rows $(cat "$work/seconds") s after unpacking began" test -s "$system/root/talk.csv"
  check "tarball on $release" "rows as of a normal build" same_rows "$system/root/talk.csv"
  check "tarball on $release" "doctor finds nothing missing" inside "$system" "cd /root && dfer-*/bin/dfer doctor > doctor.txt || { cat doctor.txt; exit 1; }"
  check "tarball on $release" "demo" inside "$system" "cd /root && dfer-*/bin/dfer demo --no-open --quiet && test -s dfer-demo/demo.html"

  # The Debian package: apt brings the system's libraries.
  package=$(find "$dist" -name "dfer_*deb${release}u1_*.deb" | head -1)
  if [ "$release" = 24.04 ]; then
    say "package on $release" "none: Debian packages are for Debian"
  elif [ -z "$package" ]; then
    say "package on $release" "SKIPPED: no dfer_*~deb${release}u1_*.deb in $dist (make deb on Debian $release)"
  else
    system=$(fresh "$release")
    cp "$package" "$system/root/"
    inside "$system" "find /usr /etc /var/lib -xdev | grep -v '^/var/lib/\(dpkg\|apt\|systemd\)' | sort > /root/before.txt; apt-get update -qq"
    inside "$system" "cd /root && apt-get install -qq -y --download-only --no-install-recommends ./dfer_*.deb > /root/apt.txt 2>&1" || tail -5 "$system/root/apt.txt"
    seconds inside "$system" "cd /root && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends ./dfer_*.deb > apt.txt 2>&1 && dfer watch talk.mp4 -o talk.csv 2> said.txt" \
      || tail -5 "$system/root/apt.txt" "$system/root/said.txt"
    check "package on $release" "first rows $(cat "$work/seconds") s after apt install began (downloads aside)" test -s "$system/root/talk.csv"
    check "package on $release" "rows as of a normal build" same_rows "$system/root/talk.csv"
    check "package on $release" "doctor finds nothing missing" inside "$system" "cd /root && dfer doctor > doctor.txt || { cat doctor.txt; exit 1; }"
    check "package on $release" "demo and manual page" inside "$system" "cd /root && dfer demo --no-open --quiet && test -s dfer-demo/demo.html && test -s /usr/share/man/man1/dfer.1.gz || [ -e /etc/dpkg/dpkg.cfg.d/excludes ]"
    inside "$system" "apt-get purge -qq -y --auto-remove dfer > /root/purge.txt 2>&1; find /usr /etc /var/lib -xdev | grep -v '^/var/lib/\(dpkg\|apt\|systemd\)' | sort > /root/after.txt"
    check "package on $release" "removed without leftovers of its own" test -z "$(comm -13 "$system/root/before.txt" "$system/root/after.txt" | grep -i dfer)"
  fi

  # The wheel: into an environment of its own, and five lines of Python.
  wheel=$(find "$dist" -name 'dfer-*manylinux*.whl' | head -1)
  if [ -z "$wheel" ]; then
    say "wheel on $release" "SKIPPED: no wheel in $dist (make wheel)"
  else
    system=$(fresh "$release")
    # pandas and matplotlib are the system's, so that nothing is asked of a package index.
    "$here/system.sh" "${names[$release]}" "$system" python3-venv python3-pandas python3-matplotlib
    cp "$wheel" "$system/root/"
    check "wheel on $release" "pip install" inside "$system" \
      "cd /root && python3 -m venv --system-site-packages env && env/bin/pip install -q --no-index dfer-*.whl > pip.txt 2>&1 || { tail -5 pip.txt; exit 1; }"
    cat > "$system/root/five.py" <<'P'
import dfer
rows = dfer.watch("talk.mp4", output="talk.csv")
axis = rows.plot(x="time_s", y=dfer.class_columns(rows))
axis.figure.savefig("talk.png")
print(len(rows), rows.attrs["manifest"].outcome)
P
    check "wheel on $release" "five lines of Python draw a timeline" inside "$system" "cd /root && env/bin/python five.py > five.txt && test -s talk.png"
    check "wheel on $release" "rows as of a normal build" same_rows "$system/root/talk.csv"
  fi
  umount "$system/proc"
done
[ "$failures" = 0 ] || { echo "$failures checks failed"; exit 1; }
