#!/usr/bin/env python3
"""Composes videos in which known persons come and go. Needs ffmpeg.

  make_persons.py OUT TABLE.csv [--seed N] [--count N] [--persons LOW HIGH]

TABLE.csv has the columns path (from its own folder) and person. Each video joins 8 to 14 pieces of 1.5 to 4 seconds of 2 to 5
persons, no two pieces of one person in a row, in other light and at other sizes. The same seed gives the same videos.
OUT/truth.csv says who is there when; `run_persons.py` compares what `dfer group` makes of it.
"""
import argparse
import csv
import pathlib
import random
import subprocess

SIZES = [(640, 360), (480, 480), (1280, 720), (426, 240)]


def seconds(path):
    out = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path],
                         capture_output=True, check=True, text=True).stdout
    return float(out.strip())


def piece(path, start, length, size, rng, out):
    zoom = rng.uniform(0.75, 1.0)
    width, height = round(size[0] * zoom / 2) * 2, round(size[1] * zoom / 2) * 2
    look = f"eq=brightness={rng.uniform(-0.06, 0.06):.3f}:contrast={rng.uniform(0.85, 1.15):.3f}:saturation={rng.uniform(0.7, 1.2):.3f}"
    filters = (f"fps=25,scale={width}:{height}:force_original_aspect_ratio=decrease,{look},"
               f"pad={size[0]}:{size[1]}:-1:-1:gray,setsar=1,format=yuv420p")
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-ss", f"{start:.3f}", "-t", f"{length:.3f}", "-i", path, "-map", "0:V:0",
                    "-vf", filters, "-c:v", "libx264", "-preset", "veryfast", "-crf", str(rng.choice([18, 23, 28])), out], check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("table", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--persons", type=int, nargs=2, default=(2, 5))
    wanted = parser.parse_args()
    rng = random.Random(wanted.seed)
    clips = {}
    for row in csv.DictReader(wanted.table.open()):
        path = str(wanted.table.parent / row["path"])
        clips.setdefault(row["person"], []).append((path, seconds(path)))
    wanted.out.mkdir(parents=True, exist_ok=True)
    with open(wanted.out / "truth.csv", "w") as truth:
        truth.write("video,start_s,end_s,person\n")
        for number in range(wanted.count):
            name, size = f"{wanted.seed}-{number}.mp4", rng.choice(SIZES)
            cast = rng.sample(sorted(clips), rng.randint(*wanted.persons))
            (time, last, names) = (0.0, None, [])
            for shot in range(rng.randint(8, 14)):
                person = rng.choice([who for who in cast if who != last])
                path, length = rng.choice(clips[person])
                # Whole frames, so that times add up.
                part = round(min(length - 0.2, rng.uniform(1.5, 4)) * 25) / 25
                start = rng.uniform(0, max(0, length - part - 0.1))
                names.append(str(wanted.out / f"part-{shot:02}.mp4"))
                piece(path, start, part, size, rng, names[-1])
                own = seconds(names[-1])
                truth.write(f"{name},{time:.3f},{time + own:.3f},{person}\n")
                time, last = time + own, person
            (wanted.out / "parts.txt").write_text("".join(f"file '{pathlib.Path(n).resolve()}'\n" for n in names))
            subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "concat", "-safe", "0", "-i", str(wanted.out / "parts.txt"),
                            "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", str(wanted.out / name)], check=True)
            for n in names:
                pathlib.Path(n).unlink()
        (wanted.out / "parts.txt").unlink()


if __name__ == "__main__":
    main()
