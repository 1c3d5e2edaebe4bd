#!/usr/bin/env bash
# A live stream for HOURS (default 2) of its own time, sent SPEED times faster (default 5), whose sender is killed every
# MINUTES (default 10) of stream: memory, descriptors and threads must stay flat, and every frame and moment be explained.
. "$(dirname "$0")/lib.sh"
hours=${1:-2} speed=${2:-5} minutes=${3:-10}
port=$((20000 + $$ % 20000))
mkdir "$work/pipeline"
cp "$root"/Pipelines/*.safetensors "$work/pipeline/"
# Fewer looks and clips, so that the machine keeps up: what grows with time grows all the same.
sed 's/every: 0.2 /every: 1.0 /; s/longest_gap: 0.5/longest_gap: 2.5/' "$root/Pipelines/mtcae-dfer.yaml" >"$work/pipeline/soak.yaml"
ffmpeg -nostdin -v error -y -i "$root/Samples/one-face.mp4" -an -vf scale=320:-2,fps=25 -c:v libx264 -preset ultrafast -g 25 "$work/piece.mp4" || exit 2

send() { # until the stream is over or somebody kills it
  ffmpeg -nostdin -v error -readrate "$speed" -stream_loop -1 -i "$work/piece.mp4" -c copy -f mpegts "tcp://127.0.0.1:$port?listen=1" &
  sender=$!
}

send
sleep 1
"$dfer" watch --threads 1 --keep-tubes 0.1 --hop 1.6 --read-timeout 3 --pipeline "$work/pipeline/soak.yaml" \
  "tcp://127.0.0.1:$port" -o "$work/soak.csv" 2>"$work/log" &
pid=$!
trap 'kill "$sender" "$pid" 2>/dev/null; rm -rf "$work"' EXIT
seconds=$((hours * 3600 / speed)) between=$((minutes * 60 / speed)) kills=0
for ((at = 5; at <= seconds; at += 5)); do
  sleep 5
  kill -0 "$pid" 2>/dev/null || break
  if [ $((at % between)) -lt 5 ]; then
    kill -9 "$sender"
    wait "$sender" 2>/dev/null
    kills=$((kills + 1))
    send
    continue # what is being opened is no measure
  fi
  echo "$(awk '/VmRSS/{print $2}' /proc/$pid/status) $(ls /proc/$pid/fd | wc -l) $(awk '/Threads/{print $2}' /proc/$pid/status)" >>"$work/levels"
done
kill -INT "$pid"
wait "$pid"
check "the run ends when asked to" [ $? -eq 130 ]

level() { # column, first and last share: the largest value between them
  awk -v c="$1" -v a="$2" -v b="$3" '{v[NR]=$c} END{for(i=int(NR*a)+1;i<=NR*b;i++) if(v[i]>m) m=v[i]; print m}' "$work/levels"
}
for column in 1 2 3; do
  name=$(echo "resident kB:descriptors:threads" | cut -d: -f$column)
  echo "$name: $(level $column 0.1 0.3) early, $(level $column 0.8 1) late"
done
check "memory is flat" [ $(($(level 1 0.8 1) - $(level 1 0.1 0.3))) -lt 10240 ]
check "descriptors are flat" [ "$(level 2 0.8 1)" -le "$(level 2 0.1 0.3)" ]
check "threads are flat" [ "$(level 3 0.8 1)" -le "$(level 3 0.1 0.3)" ]

count() { grep -o "\"$1\" : [0-9]*" "$work/soak.run.json" | head -n1 | grep -o '[0-9]*$'; }
echo "frames: $(count source_frames) in, $(count decoded_frames) decoded ($(count used_frames) used, $(count skipped_frames) skipped)," \
  "$(count dropped_frames) dropped, $(count unread_frames) unread; $(count damaged_packets) packets damaged; $kills kills, $(count gaps) gaps"
check "frames in = decoded + dropped + unread" \
  [ "$(count source_frames)" -eq $(($(count decoded_frames) + $(count dropped_frames) + $(count unread_frames))) ]
check "decoded = used + skipped" [ "$(count decoded_frames)" -eq $(($(count used_frames) + $(count skipped_frames))) ]
check "a hole for each kill" [ "$(count gaps)" -ge "$kills" ]
check "rows in the file = rows in the manifest" [ "$(($(wc -l <"$work/soak.csv") - 1))" -eq "$(count rows)" ]
awk -F, 'NR>1{if($1!=clip && $1!=clip+1) print "clip",$1,"after",clip; clip=$1; if($3>end+0.25) print "nothing between",end,"and",$3; if($4>end) end=$4}
  BEGIN{clip=-1} END{print "rows reach " end " s"}' "$work/soak.csv" | tee "$work/holes"
check "every clip and moment has a row" [ "$(wc -l <"$work/holes")" -eq 1 ]
[ "$failures" -eq 0 ] || tail -n 5 "$work/log"
finish
