#!/usr/bin/env bash
# Builds Examples/ReadVideo as a package of its own and reads a sample with it, away from dfer's folders.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=${EXAMPLE_SCRATCH:-$root/.build-example}
swift build --package-path "$root/Examples/ReadVideo" --scratch-path "$scratch"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$scratch/debug/ReadVideo" "$scratch/debug/dfer_DferPipelines.resources" "$work"
cd "$work"
env -u DFER_HOME ./ReadVideo "$root/Samples/one-face.mp4" | tee said.txt
# The sample's subject smiles: the table, the record and what was printed must all be there and agree.
grep -q happiness said.txt
[ "$(grep -c ',ok,1,' rows.csv)" -gt 3 ] && [ "$(grep -c ',ok,1,' rows.csv)" = "$(grep -c . said.txt)" ]
grep -q '"outcome" : "complete"' rows.run.json
# Without its resources it says so, in a sentence, instead of stopping in the middle.
rm -r dfer_DferPipelines.resources
! (SWIFT_BACKTRACE=enable=no env -u DFER_HOME ./ReadVideo "$root/Samples/one-face.mp4" > /dev/null 2> error.txt; exit $?) 2> /dev/null
grep -q "no pipeline named 'mtcae-dfer'" error.txt
echo "example: $(grep -c . rows.csv) lines of rows, record complete, missing resources reported"
