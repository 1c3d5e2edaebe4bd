#!/usr/bin/env python3
"""Whether two timelines say the same: same_rows.py A.csv B.csv.

Words, times and frames must be equal, other numbers within 0.002 of their size (another OpenBLAS or FFmpeg may round
differently). Says what the largest difference is.
"""

import csv
import sys


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def main():
    a, b = (rows(path) for path in sys.argv[1:3])
    if len(a) != len(b) or not a or a[0].keys() != b[0].keys():
        sys.exit(f"{len(a)} and {len(b)} rows, or other columns")
    worst = 0.0
    for number, (x, y) in enumerate(zip(a, b)):
        for name in x:
            if x[name] == y[name]:
                continue
            exact = name in ("clip", "face_id", "status", "label", "success") or name.endswith(("_s", "_frame"))
            try:
                p, q = float(x[name]), float(y[name])
            except ValueError:
                sys.exit(f"row {number}, {name}: {x[name]!r} and {y[name]!r}")
            difference = abs(p - q) / max(1.0, abs(p))
            if exact or difference > 0.002:
                sys.exit(f"row {number}, {name}: {p} and {q}")
            worst = max(worst, difference)
    print(f"    {len(a)} rows, largest difference {worst:.1e}")


main()
