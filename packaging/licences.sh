#!/usr/bin/env bash
# Collects the licences of what is linked into the program: licences.sh FOLDER
. "$(dirname "$0")/lib.sh"
folder=$1
checkouts=${CHECKOUTS:-${SCRATCH:-$root/.build-static}/checkouts}
[ -d "$checkouts" ] || checkouts=$root/.build/checkouts
mkdir -p "$folder"
install -m 644 "$root/LICENSE" "$folder/dfer.txt"
for package in "$checkouts"/*/; do
  name=$(basename "$package")
  for file in "$package"LICENSE "$package"LICENSE.txt "$package"NOTICE.txt; do
    if [ -f "$file" ]; then install -m 644 "$file" "$folder/$(echo "$name-$(basename "$file" .txt)" | tr '[:upper:]' '[:lower:]').txt"; fi
  done
done
toolchain=$(dirname "$(dirname "$(realpath "$(command -v swift)")")")
install -m 644 "$toolchain/share/swift/LICENSE.txt" "$folder/swift.txt"
install -m 644 "$root/packaging/unicode-licence.txt" "$folder/icu.txt"
