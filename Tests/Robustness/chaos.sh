#!/usr/bin/env bash
# dfer batch killed at random moments and resumed must leave the same rows as a run in peace.
#
#   chaos.sh [KILLS]      default 20; SEED chooses the moments
. "$(dirname "$0")/lib.sh"
kills=${1:-20}
videos=$work/videos
mkdir -p "$videos"
for n in 1 2 3 4 5 6; do cp "$root/Samples/no-face.mp4" "$videos/n$n.mp4"; cp "$root/Samples/one-face.mp4" "$videos/o$n.mp4"; done
head -c 5000 "$root/Samples/one-face.mp4" >"$videos/broken.mp4"
# Takes the place of its shell: behind `&`, `kill` then meets dfer itself.
become_batch() { exec "$dfer" batch "$videos" -o "$1" -j 2 --threads 1 --keep-tubes 0.1 "${@:2}"; }
batch() { (become_batch "$@"); }

start=$(date +%s%N)
batch "$work/whole" --quiet 2>/dev/null
whole=$?
took=$((($(date +%s%N) - start) / 1000000))
echo "in peace: exit $whole after $took ms"
total=$(find "$work/whole" -name '[!.]*.csv' | wc -l)
same() { for file in "$work"/whole/*.csv; do cmp "$file" "$work/parts/$(basename "$file")" || return 1; done; }
met=0
for ((n = 1; n <= kills; n++)); do
  random $((took / 3 + 1))
  become_batch "$work/parts" --resume --quiet 2>/dev/null &
  pid=$!
  sleep "$(awk -v ms="$picked" 'BEGIN{print ms/1000}')"
  kill -9 "$pid" 2>/dev/null && met=$((met + 1))
  wait "$pid" 2>/dev/null
  # The workers notice within a second that they are alone; sometimes the next batch meets them.
  [ $((n % 3)) -eq 0 ] || sleep 1.5
  tables=$(find "$work/parts" -name '[!.]*.csv' 2>/dev/null | wc -l)
  echo "kill $n after $picked ms: $tables tables"
  # Nothing is left to kill: compare, and begin anew.
  if [ "$tables" -eq "$total" ] && [ "$n" -lt "$kills" ]; then
    check "all rows are the same after kill $n" same
    rm -rf "$work/parts"
  fi
done
check "$met of $kills kills met a batch at work" [ $((met * 3)) -ge $((kills * 2)) ]
sleep 1.5
batch "$work/parts" --resume --quiet 2>/dev/null
check "exit code after the last kill" [ $? -eq $whole ]
check "all rows are the same" same
check "nothing is left over" [ -z "$(find "$work/parts" -name '.*part*')" ]
# An edited pipeline file makes every row old.
mkdir "$work/mine"
cp "$root"/Pipelines/*.safetensors "$root"/Pipelines/mtcae-dfer.yaml "$work/mine/"
mine() { batch "$work/edited" --pipeline "$work/mine/mtcae-dfer.yaml" "$@" 2>&1; }
mine --quiet >/dev/null
check "an untouched pipeline file is not read again" grep -q '12 done before' <(mine --resume)
sed -i 's/confirm_score: 0.70/confirm_score: 0.71/' "$work/mine/mtcae-dfer.yaml"
check "an edited pipeline file is noticed" [ "$(mine --resume | grep -c 'done before')" -eq 0 ]
finish
