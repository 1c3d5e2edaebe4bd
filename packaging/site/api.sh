#!/usr/bin/env bash
# The library's documentation (DocC) as static files: packaging/site/api.sh BUILD FOLDER, where BUILD is .build/release.
# Serve the folder's parent: the pages expect to be at /api/.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$1 folder=$2
graphs=$(mktemp -d)
trap 'rm -rf "$graphs"' EXIT
flags=()
for map in "$root"/Sources/C*/module.modulemap "$build"/C*.build/module.modulemap; do
  if [ -f "$map" ]; then flags+=(-Xcc "-fmodule-map-file=$map"); fi
done
for include in "$root"/Sources/C*/include "$build"/../../checkouts/Yams/Sources/CYaml/include \
  $(pkg-config --cflags-only-I libavformat openblas sqlite3 freetype2 | tr ' ' '\n' | sed -n 's/^-I//p'); do
  flags+=(-Xcc "-I$include")
done
swift-symbolgraph-extract -module-name Dfer -target "$(uname -m)-unknown-linux-gnu" -I "$build/Modules" "${flags[@]}" \
  -minimum-access-level public -output-dir "$graphs"
docc convert "$root/Sources/Dfer/Dfer.docc" --additional-symbol-graph-dir "$graphs" --fallback-display-name Dfer \
  --fallback-bundle-identifier org.dfer.Dfer --output-path "$folder" --transform-for-static-hosting --hosting-base-path api
