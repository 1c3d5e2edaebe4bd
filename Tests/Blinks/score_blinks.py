#!/usr/bin/env python3
"""Compares tables of `dfer watch --blinks` with blinks that were marked by eye.

usage: score_blinks.py MARKS FOLDER [CLIP ...]

MARKS is a CSV file with the columns clip, kind, onset_s, apex_s and offset_s. FOLDER holds one table for each clip, named
talk.blinks.csv for talk.mp4. A blink is found when a blink of the table has its apex within 0.15 s of the marked one, each
counted once. Of kind `unclear` are times in which nobody can say whether the eyes close: blinks of the table in them count
neither way. A `closure` lasts longer than half a second; whoever calls a part of it a blink is wrong. Without clips all that
have a table are compared.
"""

import csv
import os
import sys

TOLERANCE = 0.15


def compare(marks, found):
    """Marks and blinks of one clip -> how many are found, wrong and missed."""
    left = sorted(float(row["apex_s"]) for row in found if row["kind"] == "blink")
    hits = misses = 0
    for mark in marks:
        if mark["kind"] != "blink":
            continue
        apex = float(mark["apex_s"])
        near = [time for time in left if abs(time - apex) <= TOLERANCE + 1e-9]
        if near:
            left.remove(min(near, key=lambda time: abs(time - apex)))
            hits += 1
        else:
            misses += 1
    unclear = [(float(m["onset_s"]), float(m["offset_s"])) for m in marks if m["kind"] == "unclear"]
    wrong = [time for time in left if not any(start <= time <= end for start, end in unclear)]
    return hits, len(wrong), misses


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def main(arguments):
    if len(arguments) < 2:
        sys.exit(__doc__)
    marks = {}
    for row in read(arguments[0]):
        marks.setdefault(row["clip"].rsplit(".", 1)[0], []).append(row)
    suffix = ".blinks.csv"
    clips = [clip.rsplit(".", 1)[0] if "." in clip else clip for clip in arguments[2:]]
    clips = clips or sorted(f[: -len(suffix)] for f in os.listdir(arguments[1]) if f.endswith(suffix))
    total = [0, 0, 0]
    for clip in clips:
        counts = compare(marks.get(clip, []), read(os.path.join(arguments[1], clip + suffix)))
        total = [a + b for a, b in zip(total, counts)]
        if any(counts):
            print(f"{clip}: {counts[0]} found, {counts[1]} wrong, {counts[2]} missed")
    hits, wrong, misses = total
    precision, recall = hits / max(1, hits + wrong), hits / max(1, hits + misses)
    f1 = 2 * hits / max(1, 2 * hits + wrong + misses)
    print(f"{len(clips)} clips: {hits} found, {wrong} wrong, {misses} missed; "
          f"precision {precision:.2f}, recall {recall:.2f}, F1 {f1:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
