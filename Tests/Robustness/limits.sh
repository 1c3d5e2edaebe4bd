#!/usr/bin/env bash
# Poor surroundings: a full disk, a read-only folder, little memory, one core, a decimal comma, no home.
. "$(dirname "$0")/lib.sh"
video=$root/Samples/one-face.mp4
watch() { "$dfer" watch --quiet --keep-tubes 0.1 "$video" "$@"; }
watch -o "$work/sound.csv"

# A file system of 64 KB, where we may make one.
mkdir "$work/small"
if mount -t tmpfs -o size=64k none "$work/small" 2>/dev/null; then
  for ending in csv jsonl json sqlite eaf html png; do
    head -c 40000 /dev/zero >"$work/small/filler"
    "$dfer" export "$work/sound.csv" -o "$work/small/first.$ending" 2>"$work/err"
    code=$?
    if [ $code -eq 0 ]; then
      head -c 20000 /dev/zero >>"$work/small/filler" 2>/dev/null
      "$dfer" export "$work/sound.csv" -o "$work/small/more.$ending" 2>"$work/err"
      code=$?
    fi
    check "$ending on a full disk: exit 5 and the reason" eval "[ $code -eq 5 ] && grep -q 'disk is full' '$work/err'"
    check "$ending on a full disk: nothing is left over" [ -z "$(find "$work/small" -name '.*part*')" ]
    rm -f "$work"/small/*
  done
  head -c 63000 /dev/zero >"$work/small/filler"
  watch -o "$work/small/rows.csv" --hop 0.1 2>"$work/err"
  check "watch on a full disk: exit 5" [ $? -eq 5 ]
  check "watch on a full disk: whole rows only" [ "$(awk -F, '{print NF}' "$work/small/rows.csv" 2>/dev/null | sort -u | wc -l)" -le 1 ]
  umount "$work/small"
else
  echo "skip full disk: no permission to mount a small file system"
fi

mkdir "$work/fixed"
if mount -t tmpfs -o size=1m none "$work/fixed" 2>/dev/null && mount -o remount,ro "$work/fixed" 2>/dev/null; then
  for ending in csv json sqlite html; do
    watch -o "$work/fixed/rows.$ending" 2>"$work/err"
    check "$ending on a read-only file system: exit 5" [ $? -eq 5 ]
  done
  umount "$work/fixed"
else
  echo "skip read-only: no permission to mount"
fi

# 256 MB of resident memory, by a control group where there is one.
if command -v systemd-run >/dev/null && systemd-run --scope -q -p MemoryMax=256M true 2>/dev/null; then
  systemd-run --scope -q -p MemoryMax=256M -p MemorySwapMax=0 "$dfer" watch --quiet --keep-tubes 0.1 "$video" -o "$work/256.csv"
  check "256 MB of memory (control group)" cmp -s "$work/sound.csv" "$work/256.csv"
else
  peak=$( { /usr/bin/time -f %M "$dfer" watch --quiet --keep-tubes 0.1 --threads 1 "$video" -o "$work/256.csv"; } 2>&1 | tail -n1)
  check "256 MB of memory: peak is $((peak / 1024)) MB" [ "${peak:-999999}" -lt 262144 ]
fi
# Too little address space ends with a message or a signal of the allocator, never with a broken table.
(ulimit -v 150000; watch -o "$work/none.csv" 2>"$work/err")
check "no address space: not exit 0" [ $? -ne 0 ]

if command -v taskset >/dev/null; then
  taskset -c 0 "$dfer" watch --quiet --keep-tubes 0.1 "$video" -o "$work/core.csv"
  # Sums on one thread round differently in the seventh digit.
  check "one core gives the same rows" awk -F, '
    NR == FNR { rows[FNR] = $0; count = FNR; next }
    { split(rows[FNR], other, ",")
      for (i = 1; i <= NF; i++) if (other[i] != $i && (other[i] - $i) ^ 2 > 1e-8) bad = 1
      if ($10 != other[10] && $11 > 0.51) bad = 1 }
    END { exit bad || FNR != count }' "$work/sound.csv" "$work/core.csv"
fi
LC_ALL=de_DE.UTF-8 LC_NUMERIC=de_DE.UTF-8 "$dfer" watch --quiet --keep-tubes 0.1 "$video" -o "$work/comma.csv"
check "a decimal comma gives the same rows" cmp -s "$work/sound.csv" "$work/comma.csv"
mkdir "$work/only"
(cd "$work/only" && env -i DFER_HOME="$DFER_HOME" "$dfer" watch --quiet --keep-tubes 0.1 "$video" -o home.csv)
check "no home gives the same rows" cmp -s "$work/sound.csv" "$work/only/home.csv"
check "nothing else is written" [ "$(ls -A "$work/only" | tr '\n' ' ')" = "home.csv home.run.json " ]
finish
