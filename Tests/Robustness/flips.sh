#!/usr/bin/env bash
# Clips with flipped bytes: no crash, no hang, every run explained by its exit code, its rows and its message.
#
#   flips.sh COUNT CLIP...     COUNT variants of each clip; SEED chooses the damage; two runs at a time
. "$(dirname "$0")/lib.sh"
count=${1:-100}
shift
[ $# -gt 0 ] || set -- "$root"/Samples/*.mp4
command -v python3 >/dev/null || { echo "python3 is missing" >&2; exit 2; }

cat >"$work/flip.py" <<'PY'
import random, sys
source, target, seed = sys.argv[1:]
r = random.Random(seed)
data = bytearray(open(source, "rb").read())
for _ in range(r.choice([1, 3, 10, 100, max(1, len(data) // 1000)])):
    data[r.randrange(len(data))] ^= 1 << r.randrange(8)
open(target, "wb").write(data)
PY

one() { # clip, number
  local name
  name=$work/$(basename "$1")-$2
  python3 "$work/flip.py" "$1" "$name.in" "${SEED:-1}-$2"
  # Processor time tells a hang from a busy machine.
  (ulimit -t 60; exec timeout 900 "$dfer" watch --quiet --threads 1 --keep-tubes 0.1 --hop 1.6 -o "$name.csv" -- "$name.in") 2>"$name.err"
  local code=$? verdict=good
  case $code in
    0 | 4)
      [ "$(wc -l <"$name.csv")" -gt 1 ] || verdict="BAD no rows"
      [ "$(awk -F, '{print NF}' "$name.csv" | sort -u | wc -l)" -eq 1 ] || verdict="BAD ragged rows"
      "$dfer" verify --quiet "$name.csv" "$name.in" >"$name.verify" 2>&1 || verdict="BAD verify: $(head -n1 "$name.verify")"
      ;;
    3) [ "$(wc -l <"$name.err")" -eq 1 ] || verdict="BAD message: $(head -c 200 "$name.err")" ;;
    124 | 137 | 152) verdict="BAD hang" ;;
    *) verdict="BAD exit $code: $(head -c 200 "$name.err")" ;;
  esac
  echo "$verdict | exit $code | $(basename "$1") $2"
  case $verdict in BAD*) [ -z "${KEEP:-}" ] || cp "$name.in" "$KEEP/$(basename "$1")-$2" ;; esac
  rm -f "$name".*
}
export -f one
export work dfer SEED

for clip in "$@"; do for ((n = 1; n <= count; n++)); do printf '%s\0%s\0' "$clip" "$n"; done; done \
  | xargs -0 -n 2 -P "${JOBS:-2}" bash -c 'one "$1" "$2"' _ >"$work/all.txt"
grep BAD "$work/all.txt"
cut -d'|' -f2 "$work/all.txt" | sort | uniq -c
checks=$(wc -l <"$work/all.txt")
failures=$(grep -c BAD "$work/all.txt")
finish
