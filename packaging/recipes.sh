#!/usr/bin/env bash
# Fills a release's version, address and checksum into the recipes: packaging/recipes.sh https://where.it/is/published FOLDER
# and with --check only looks whether they can be parsed, by the tools that are here.
. "$(dirname "$0")/lib.sh"
recipes=$root/packaging/recipes
if [ "${1:-}" = --check ]; then
  bash -n "$recipes/PKGBUILD" && echo "PKGBUILD: bash"
  if command -v ruby > /dev/null; then ruby -c "$recipes/dfer.rb" > /dev/null && echo "dfer.rb: ruby"; fi
  if command -v nix-instantiate > /dev/null; then nix-instantiate --parse "$recipes/dfer.nix" > /dev/null && echo "dfer.nix: nix"; fi
  for file in packaging/recipes/{dfer.rb,dfer.nix,PKGBUILD,dfer.def} python/src/dfer/_version.py r/DESCRIPTION; do
    grep -qF "$version" "$root/$file" || { echo "$file is not of version $version"; exit 1; }
  done
  echo "all of version $version"
  exit 0
fi
address=${1:?usage: $0 ADDRESS FOLDER, or --check} folder=${2:?usage: $0 ADDRESS FOLDER}
archive=$dist/dfer-$version-linux-x86_64.tar.gz
sum=$(sha256sum "$archive" | cut -d' ' -f1)
mkdir -p "$folder"
cp "$recipes"/Dockerfile* "$folder/"
for file in dfer.rb dfer.nix PKGBUILD dfer.def; do
  sed "s|https://example.org/dfer/|$address/|; s|0\{64\}|$sum|" "$recipes/$file" > "$folder/$file"
done
