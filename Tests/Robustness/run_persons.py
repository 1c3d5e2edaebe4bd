#!/usr/bin/env python3
"""Runs dfer watch and dfer group on what make_persons.py made, and counts wrong and missed joins.

  run_persons.py DFER FOLDER [--similarity X | --count]

Of all pairs of faces of a video: how many of those joined are one person (precision), and how many of one person are
joined (recall). `--count` tells dfer how many persons there are.
"""
import argparse
import collections
import csv
import itertools
import pathlib
import subprocess


def rows(path):
    return [row for row in csv.DictReader(path.open()) if row["face_id"]]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dfer")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--similarity")
    parser.add_argument("--count", action="store_true")
    wanted = parser.parse_args()
    truth = collections.defaultdict(list)
    for row in csv.DictReader((wanted.folder / "truth.csv").open()):
        truth[row["video"]].append((float(row["start_s"]), float(row["end_s"]), row["person"]))
    total = collections.Counter()
    for video, shots in sorted(truth.items()):
        plain, joined = wanted.folder / f"{video}.csv", wanted.folder / f"{video}.persons.csv"
        if not plain.exists():
            subprocess.run([wanted.dfer, "watch", str(wanted.folder / video), "-o", str(plain), "--quiet"], check=True)
        options = ["--similarity", wanted.similarity] if wanted.similarity else []
        if wanted.count:
            options = ["--persons", str(len({who for _, _, who in shots}))]
        said = subprocess.run([wanted.dfer, "group", str(plain), "-o", str(joined), "--overwrite", *options],
                              check=True, capture_output=True, text=True).stderr
        # Of each face: who is there at the middle of most of its clips, and its new number in most rows.
        who, number = collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)
        new = {(row["clip"], row["box_x"], row["box_y"]): row["face_id"] for row in rows(joined)}
        for row in rows(plain):
            middle = (float(row["start_s"]) + float(row["end_s"])) / 2
            person = next((p for start, end, p in shots if start <= middle < end), None)
            if person and row["box_x"]:
                who[row["face_id"]][person] += 1
                number[row["face_id"]][new[row["clip"], row["box_x"], row["box_y"]]] += 1
        own = collections.Counter()
        for one, other in itertools.combinations(who, 2):
            same = who[one].most_common(1)[0][0] == who[other].most_common(1)[0][0]
            one_number = number[one].most_common(1)[0][0] == number[other].most_common(1)[0][0]
            own["same" if same else "others", "joined" if one_number else "apart"] += 1
        total += own
        print(f"{video}: {len(who)} faces of {len({p for _, _, p in shots})} persons, {said.splitlines()[0]}; "
              f"wrong {own['others', 'joined']}, missed {own['same', 'apart']}")
    right, wrong, missed = total["same", "joined"], total["others", "joined"], total["same", "apart"]
    print(f"precision {right / max(1, right + wrong):.3f}, recall {right / max(1, right + missed):.3f} "
          f"of {right + missed} pairs of one person; {wrong} of {wrong + total['others', 'apart']} pairs of two joined")


if __name__ == "__main__":
    main()
