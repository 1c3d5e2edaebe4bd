#!/usr/bin/env bash
# Memory must not grow with a video's length: HOURS (default 3) of a looped sample, resident memory sampled on the way.
. "$(dirname "$0")/lib.sh"
hours=${1:-3}
mkdir "$work/pipeline"
cp "$root"/Pipelines/*.safetensors "$work/pipeline/"
# Fewer looks and clips: what grows with time grows all the same.
sed 's/every: 0.2 /every: 1.0 /; s/longest_gap: 0.5/longest_gap: 2.5/' "$root/Pipelines/mtcae-dfer.yaml" >"$work/pipeline/long.yaml"
ffmpeg -nostdin -v error -y -i "$root/Samples/one-face.mp4" -an -vf scale=240:-2,fps=10 -c:v libx264 -preset ultrafast -g 50 "$work/piece.mp4" \
  && ffmpeg -nostdin -v error -y -stream_loop -1 -i "$work/piece.mp4" -t $((hours * 3600)) -c copy "$work/long.mp4" || exit 2
"$dfer" watch --quiet --threads 1 --keep-tubes 0.1 --hop 3.2 --pipeline "$work/pipeline/long.yaml" "$work/long.mp4" -o "$work/long.csv" &
pid=$!
while kill -0 "$pid" 2>/dev/null; do
  awk '/VmRSS/{print $2}' "/proc/$pid/status" 2>/dev/null >>"$work/memory"
  sleep 5
done
wait "$pid"
check "$hours hours are read" [ $? -eq 0 ]
end=$(tail -n1 "$work/long.csv" | cut -d, -f4)
check "rows reach the end ($end s)" awk -v e="$end" -v h="$hours" 'BEGIN{exit !(e > h*3600-5)}'
read -r early late < <(awk '{v[NR]=$1} END{n=NR; for(i=int(n*.1)+1;i<=int(n*.2)+1;i++) if(v[i]>a) a=v[i]; for(i=int(n*.9)+1;i<=n;i++) if(v[i]>b) b=v[i]; print a, b}' "$work/memory")
echo "resident memory in MB, a tenth of the run apart:" \
  "$(awk '{v[NR]=$1} END{for(i=1;i<=10;i++) printf "%d ", v[int(NR*i/10)]/1024}' "$work/memory")"
check "memory is flat ($((early / 1024)) MB early, $((late / 1024)) MB late)" [ $((late - early)) -lt 10240 ]
finish
