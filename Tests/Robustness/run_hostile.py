#!/usr/bin/env python3
"""Reads every file of a folder with dfer and says where it breaks a promise.

  run_hostile.py DFER FOLDER [--jobs 2] [--out ROWS] [--keep-tubes 0.1]

For each file: no crash (exit code 0, 3 or 4), no hang (a new row at least every 10 seconds, or the end), at most 300 MB of
memory, rows that follow each other without a hole longer than a frame, a manifest whose counts agree, and a `dfer verify`
that agrees. Exit code 1 when anything is wrong. Needs Python 3.9.
"""
import argparse, concurrent.futures, csv, json, os, subprocess, sys, tempfile, time

QUIET, LONGEST, MEMORY = 10.0, 120.0, 300e6


def run(arguments, folder, rows):
    """Exit code, seconds, memory in bytes, what was said, and whether it had to be stopped."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(arguments, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        begin = news = time.monotonic()
        size, stopped = -1, None
        while True:
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            now = time.monotonic()
            length = os.path.getsize(rows) if rows and os.path.exists(rows) else 0
            if length != size:
                size, news = length, now
            if not stopped and (now - news > QUIET or now - begin > LONGEST):
                stopped = f"nothing new for {now - news:.0f} s after {now - begin:.0f} s"
                process.kill()
            time.sleep(0.02)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        return process.returncode, time.monotonic() - begin, usage.ru_maxrss * 1024, errors.read().decode("utf-8", "replace"), stopped


def check_rows(path, facts):
    """What is wrong with the rows."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    faults, cover, before = [], None, -1.0
    rate = float(facts["input"].get("frame_rate") or 25)
    frame = max(0.04, 1 / max(rate, 0.05)) + 1e-3
    for number, row in enumerate(rows, 2):
        start, end = float(row["start_s"]), float(row["end_s"])
        if not 0 <= start < end <= 2e9 or start < before:
            faults.append(f"line {number}: times {start} to {end}")
        if cover is not None and start > cover + frame:
            faults.append(f"line {number}: no row from {cover} to {start}")
        cover, before = max(cover or 0, end), start
        shares = [float(value) for name, value in row.items() if name.startswith("p_") and value]
        if shares and abs(sum(shares) - 1) > 1e-4:
            faults.append(f"line {number}: probabilities sum to {sum(shares)}")
    counts = facts["counts"]
    if counts["rows"] != len(rows):
        faults.append(f"{len(rows)} rows, but the manifest counts {counts['rows']}")
    return faults


def judge(options, name):
    rows = os.path.join(options.out, "r" + str(abs(hash(name))) + ".csv")
    manifest = rows[:-4] + ".run.json"
    argument = "./" + name
    code, seconds, memory, said, stopped = run(
        [options.dfer, "watch", "--quiet", "--keep-tubes", str(options.keep_tubes), "--threads", "1", "-o", rows, "--", argument],
        options.folder, rows)
    faults = []
    if stopped:
        faults.append("hang: " + stopped)
    elif code not in (0, 3, 4):
        faults.append(f"exit code {code}: {said.strip()[-300:]}")
    if code == 3 and len(said.strip().splitlines()) != 1:
        faults.append(f"exit code 3 without its one line: {said.strip()[:200]}")
    if memory > MEMORY:
        faults.append(f"{memory / 1e6:.0f} MB")
    if not faults and code in (0, 4):
        try:
            with open(manifest, encoding="utf-8") as file:
                faults += check_rows(rows, json.load(file))
        except (OSError, ValueError, KeyError, csv.Error) as error:
            faults.append(f"rows or manifest: {error!r}")
        verdict = run([options.dfer, "verify", "--quiet", rows, argument], options.folder, None)
        if verdict[4] or verdict[0] != 0:
            text = subprocess.run([options.dfer, "verify", "--quiet", rows, argument], cwd=options.folder, capture_output=True, timeout=60)
            faults.append(f"verify ends with {verdict[0]}: {(text.stdout + text.stderr).decode('utf-8', 'replace').strip()[:300]}")
    for path in (rows, manifest):
        if os.path.exists(path) and not faults:
            os.remove(path)
    return name, code, seconds, memory, faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dfer")
    parser.add_argument("folder")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out")
    parser.add_argument("--keep-tubes", type=float, default=0.1)
    options = parser.parse_args()
    options.dfer, options.folder = os.path.abspath(options.dfer), os.path.abspath(options.folder)
    options.out = os.path.abspath(options.out or tempfile.mkdtemp(prefix="hostile-"))
    os.makedirs(options.out, exist_ok=True)
    names = sorted(os.listdir(options.folder))
    codes, worst_time, worst_memory, bad = {}, (0, ""), (0, ""), 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, code, seconds, memory, faults in pool.map(lambda name: judge(options, name), names):
            codes[code] = codes.get(code, 0) + 1
            worst_time, worst_memory = max(worst_time, (seconds, name)), max(worst_memory, (memory, name))
            for fault in faults:
                print(f"{name!r}: {fault}", flush=True)
            bad += bool(faults)
    print(f"{len(names)} files, {bad} with faults; exit codes {dict(sorted(codes.items()))}; longest {worst_time[0]:.1f} s ({worst_time[1]}); "
          f"most memory {worst_memory[0] / 1e6:.0f} MB ({worst_memory[1]})")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
