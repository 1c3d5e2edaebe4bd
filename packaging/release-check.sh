#!/usr/bin/env bash
# The public interface of the library: how large it is, whether all of it is documented, and what has changed since the
# last release that CHANGELOG.md names. Breaking changes need a new minor version before 1.0, and a new major one after.
. "$(dirname "$0")/lib.sh"
cd "$root"
scratch=${SCRATCH:-$root/.build}
baseline=${1:-$(sed -n 's/^## [0-9.]* (.*commit \([0-9a-f]*\)).*/\1/p' CHANGELOG.md | head -1)}
released=${2:-$(sed -n 's/^## \([0-9.]*\) (.*commit [0-9a-f]*).*/\1/p' CHANGELOG.md | head -1)}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
graphs=$(swift package --scratch-path "$scratch" dump-symbol-graph --minimum-access-level public --skip-synthesized-members |
  sed -n 's/^Files written to //p' | tail -1)
[ -d "$graphs" ] || graphs=$(find "$scratch"/*/symbolgraph -maxdepth 0 | head -1)
python3 packaging/public_surface.py "$graphs" Dfer DferTimeline DferVideo DferTracking DferImage
mkdir "$work/graphs"
cp "$graphs/Dfer.symbols.json" "$work/graphs"
docc convert Sources/Dfer/Dfer.docc --fallback-display-name Dfer --fallback-bundle-identifier dfer.Dfer \
  --additional-symbol-graph-dir "$work/graphs" \
  --output-path "$work/docc" --warnings-as-errors

case $released in
  0.*) kept=${released%.*} now=${version%.*} ;;
  *) kept=${released%%.*} now=${version%%.*} ;;
esac
if swift package --scratch-path "$scratch" diagnose-api-breaking-changes "$baseline" --products Dfer > "$work/breaking.txt" 2>&1; then
  echo "release-check: nothing breaks since $released"
else
  cat "$work/breaking.txt"
  grep -qE 'breaking change' "$work/breaking.txt" || { echo "release-check: the comparison itself failed"; exit 1; }
  if [ "$kept" = "$now" ]; then
    echo "release-check: this breaks what $released promised; raise the version, or take it back"
    exit 1
  fi
  echo "release-check: $version may break what $released had; CHANGELOG.md must say so"
fi
