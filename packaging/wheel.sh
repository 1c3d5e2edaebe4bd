#!/usr/bin/env bash
# A wheel of the Python package that carries the program, its networks and libraries: dist/dfer-VERSION-py3-none-manylinux_*.whl.
# Give it a Python with build, auditwheel and twine: PYTHON=.build-python/bin/python packaging/wheel.sh
. "$(dirname "$0")/lib.sh"
python=${PYTHON:-python3}
name=dfer-$version-linux-$machine
tree=$work/$name
[ -d "$tree" ] || { echo "wheel: first make the tarball: packaging/dist.sh tarball"; exit 1; }
copy=$work/python
rm -rf "$copy" && mkdir -p "$copy"
cp -r "$root"/python/{pyproject.toml,setup.py,README.md,LICENSE,src} "$copy/"
find "$copy" -name __pycache__ -o -name '*.egg-info' | xargs rm -rf
program=$copy/src/dfer/program
mkdir -p "$program/share"
cp -r "$tree/bin" "$tree/lib" "$program/"
cp -r "$tree/share/dfer" "$program/share/"
mkdir -p "$copy/licences"
cp "$tree"/share/doc/dfer/licences/* "$copy/licences/"
dates "$copy"
"$python" -m build --wheel --outdir "$work/wheel" "$copy" > "$work/wheel.log" 2>&1 || { tail -20 "$work/wheel.log"; exit 1; }
wheel=$(ls -t "$work"/wheel/*.whl | head -1)
# Says which systems it runs on. Its own libraries stay as they are: they have found each other already.
"$python" -m auditwheel show "$wheel"
"$python" -m twine check --strict "$wheel"
rm -f "$dist"/dfer-*.whl
mkdir -p "$dist"
cp "$wheel" "$dist/"
ls -l "$dist"/dfer-*.whl
