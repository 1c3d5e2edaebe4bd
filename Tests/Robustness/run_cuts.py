#!/usr/bin/env python3
"""Precision and recall of the cuts that dfer finds in the videos of make_cuts.py.

  run_cuts.py DFER FOLDER
"""
import csv
import json
import os
import subprocess
import sys


def main():
    dfer, folder = sys.argv[1:]
    rows = list(csv.DictReader(open(os.path.join(folder, "truth.csv"))))
    hits, misses, wrong = [], [], []
    for name in sorted({row["file"] for row in rows}):
        mine = [(int(row["first"]), int(row["last"]), row["kind"], float(row["rate"])) for row in rows if row["file"] == name]
        table = os.path.join(folder, name + ".csv")
        subprocess.run([dfer, "watch", os.path.join(folder, name), "-o", table, "--overwrite", "-q", "--hop", "30"],
                       check=True)
        found = json.load(open(os.path.join(folder, name + ".run.json"))).get("cuts_s", [])
        left = [round(time * mine[0][3]) for time in found]
        for first, last, kind, _ in mine:
            if kind in ("cut", "black", "flash cut"):
                near = [frame for frame in left if first - 1 <= frame <= last + 1]
                (hits if near else misses).append((name, first, kind))
                if near:
                    left.remove(near[0])
        for frame in left:
            kinds = [kind for first, last, kind, _ in mine if first <= frame <= last and kind not in ("cut", "black", "flash cut")]
            wrong.append((name, frame, "+".join(kinds)))
    for name, frame, kind in misses:
        print(f"missed  {name} frame {frame}: {kind}")
    for name, frame, kind in wrong:
        print(f"wrong   {name} frame {frame}: {kind}")
    events = {kind: sum(row["kind"] == kind for row in rows) for kind in sorted({row["kind"] for row in rows})}
    print(", ".join(f"{kind} {count}" for kind, count in events.items()))
    for kind in ("cut", "flash cut", "black"):
        found = sum(hit[2] == kind for hit in hits)
        print(f"{kind}: {found} of {found + sum(miss[2] == kind for miss in misses)} found")
    screens = sum(any(kind in place[2] for kind in ("slides", "window", "scroll")) for place in wrong)
    print(f"wrong on shared screens: {screens}, elsewhere: {len(wrong) - screens}")
    print(f"{len(hits)} of {len(hits) + len(misses)} found, {len(wrong)} wrong: recall {len(hits) / max(1, len(hits) + len(misses)):.3f}, "
          f"precision {len(hits) / max(1, len(hits) + len(wrong)):.3f}")


if __name__ == "__main__":
    main()
