# What the scripts of this folder share. Sourced, not run.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=$(sed -n 's/.*static let version = "\(.*\)".*/\1/p' "$root"/Sources/Dfer/Installation.swift)
machine=$(uname -m)
dist=${DIST:-$root/dist}
work=${WORK:-$root/.build-dist}
# A date for every file: that of the last commit, so that two builds of one commit are equal.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || date +%s)}
export LC_ALL=C TZ=UTC
umask 022

# release_binary: builds the program with Swift's runtime inside, and prints its path. $DFER_PROGRAM names one that is there.
release_binary() {
  if [ -n "${DFER_PROGRAM:-}" ]; then
    echo "$DFER_PROGRAM"
    return
  fi
  local scratch=${SCRATCH:-$root/.build-static}
  (
    cd "$root"
    swift build -c release --product dfer --static-swift-stdlib --scratch-path "$scratch" \
      -Xswiftc -file-prefix-map -Xswiftc "$root=." -Xcc "-ffile-prefix-map=$root=." >&2
  )
  echo "$scratch/release/dfer"
}

# stage BINARY TREE: bin/ and share/ as they are installed, for the tarball, the Debian package and the wheel alike.
stage() {
  local binary=$1 tree=$2
  rm -rf "$tree"
  install -d "$tree/bin" "$tree/share/dfer/Pipelines" "$tree/share/dfer/Samples" "$tree/share/man/man1" "$tree/share/doc/dfer" \
    "$tree/share/bash-completion/completions" "$tree/share/zsh/site-functions" "$tree/share/fish/vendor_completions.d"
  install -m 755 "$binary" "$tree/bin/dfer"
  # Hashes of what the compiler read differ from build to build, and the build id with them; nothing needs either.
  strip --strip-all --remove-section=.swift_modhash --remove-section=.note.gnu.build-id "$tree/bin/dfer"
  install -m 644 "$root"/Pipelines/*.yaml "$root"/Pipelines/*.safetensors "$tree/share/dfer/Pipelines/"
  install -m 644 "$root"/Samples/one-face.mp4 "$tree/share/dfer/Samples/"
  "$binary" manual > "$tree/share/man/man1/dfer.1"
  # Sourced, not run: without the first line that names a shell.
  "$binary" --generate-completion-script bash | sed '1{/^#!/d}' > "$tree/share/bash-completion/completions/dfer"
  "$binary" --generate-completion-script zsh > "$tree/share/zsh/site-functions/_dfer"
  "$binary" --generate-completion-script fish > "$tree/share/fish/vendor_completions.d/dfer.fish"
  install -m 644 "$root"/README.md "$root"/MODELS.md "$tree/share/doc/dfer/"
  if [ -f "$root/CHANGELOG.md" ]; then install -m 644 "$root/CHANGELOG.md" "$tree/share/doc/dfer/"; fi
}

# dates TREE: every file and folder has the same date.
dates() { find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +; }
