#!/usr/bin/env python3
"""Composes videos with known cuts. Needs ffmpeg and numpy.

  make_cuts.py OUT --shots VIDEO... [--scenes VIDEO.mkv TABLE.csv] [--seed N] [--count N] [--part 0|1]

Joins pieces of videos, of drawn slides and of scenes that a camera pans over, and does to them what is taken for a cut:
flashes, fades, dissolves, pans, zooms, shaking, something that passes in front, slides that change beside a speaker,
scrolling. The same seed gives the same videos. `--part` takes every second source, so that figures can be stated over
sources that nobody developed on. OUT/truth.csv says what is where; `run_cuts.py` compares what dfer finds.
"""
import argparse
import csv
import json
import os
import random
import subprocess
import sys

import numpy as np

CANVASES = [(640, 360), (480, 480), (320, 240), (360, 640), (426, 240)]
RATES = [15, 24, 25, 30, 50]


def probe(path):
    out = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "V:0", "-show_entries", "stream=width,height:format=duration",
         "-of", "json", path], capture_output=True, check=True).stdout
    facts = json.loads(out)
    return facts["streams"][0]["width"], facts["streams"][0]["height"], float(facts["format"]["duration"])


def decode(path, filters, size, extra=()):
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", *extra, "-i", path, "-map", "0:V:0", "-vf", filters, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, size[1], size[0], 3)


def has_cut(path):
    """Whether a video is more than one shot, by ffmpeg's measure: its cuts would be nobody's truth."""
    said = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-map", "0:V:0", "-vf", "select='gt(scene,0.3)',metadata=print:file=-", "-f", "null", "-"],
        capture_output=True, text=True, check=True).stdout
    return "scene_score" in said


def cover(size):
    return f"scale={size[0]}:{size[1]}:force_original_aspect_ratio=increase,crop={size[0]}:{size[1]}"


class Sources:
    def __init__(self, shots, scenes, part, rng):
        self.shots = [path for number, path in enumerate(sorted(shots)) if part is None or number % 2 == part]
        self.lengths = {path: probe(path)[2] for path in self.shots}
        self.scenes, self.table, self.rng = scenes, [], rng
        if scenes:
            rows = [row for row in csv.DictReader(open(scenes[1])) if int(row["width"]) > 200 and int(row["height"]) > 150]
            seen = {row["frame"]: row for row in rows}
            self.table = [row for number, row in enumerate(seen.values()) if part is None or number % 2 == part]

    def piece(self, path, seconds, size, rate):
        """Frames of a part of a video, and what it is a part of."""
        start = self.rng.uniform(0, max(0, self.lengths[path] - seconds))
        return decode(path, f"fps={rate},{cover(size)}", size, ["-ss", f"{start:.3f}", "-t", f"{seconds:.3f}"])

    def scene(self, size):
        row = self.rng.choice(self.table)
        picture = decode(
            self.scenes[0], f"select=eq(n\\,0),crop={row['width']}:{row['height']}:0:0,{cover(size)}", size,
            ["-ss", f"{int(row['frame']) / self.rate:.4f}"])
        return picture[0], "scene " + row["frame"]

    @property
    def rate(self):
        if not hasattr(self, "_rate"):
            out = subprocess.run(
                ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=r_frame_rate", "-of", "csv=p=0",
                 self.scenes[0]], capture_output=True, check=True, text=True).stdout
            above, below = out.strip().split("/")
            self._rate = float(above) / float(below)
        return self._rate


def view(picture, x, y, scale, size, angle=0.0):
    """What a camera sees that looks at (x, y) of a picture."""
    columns = (np.arange(size[0]) - size[0] / 2) * scale
    rows = (np.arange(size[1]) - size[1] / 2) * scale
    cos, sin = np.cos(angle), np.sin(angle)
    across = x + columns[None, :] * cos - rows[:, None] * sin
    down = y + columns[None, :] * sin + rows[:, None] * cos
    across = np.clip(across, 0, picture.shape[1] - 1).astype(np.int32)
    down = np.clip(down, 0, picture.shape[0] - 1).astype(np.int32)
    return picture[down, across]


def slide(size, rng, sources):
    """A drawn slide: a title, lines of words, sometimes a picture."""
    width, height = size
    ground = rng.choice([(255, 255, 255), (245, 245, 240), (20, 30, 60), (30, 30, 30), (255, 250, 230), (220, 232, 245)])
    ink = (20, 20, 30) if sum(ground) > 380 else (235, 235, 235)
    page = np.empty((height, width, 3), np.uint8)
    page[:] = ground
    line = max(4, height // 28)
    accent = tuple(rng.randrange(256) for _ in range(3))
    if rng.random() < 0.4:
        page[: 3 * line] = accent

    def words(x, y, length, tall, colour):
        while x < length:
            word = rng.randint(2 * tall, 6 * tall)
            page[y : y + tall, x : min(x + word, length)] = colour
            page[y : y + tall, x : min(x + word, length) : max(2, tall // 2)] = ground
            x += word + tall

    words(2 * line, 2 * line, rng.randint(width // 3, width - 2 * line), line, ink)
    picture = sources.table and rng.random() < 0.4
    edge = width // 2 if picture else width - 2 * line
    y = 6 * line
    while y < height - 2 * line and rng.random() < 0.93:
        words(3 * line, y, rng.randint(edge // 3, edge), max(2, line * 2 // 3), ink)
        y += rng.randint(2, 3) * line
    if picture:
        box = (width * 2 // 5 // 2 * 2, height // 2 // 2 * 2)
        page[height // 3 : height // 3 + box[1], width * 11 // 20 : width * 11 // 20 + box[0]] = sources.scene(box)[0][
            :, : width - width * 11 // 20]
    return page


class Composer:
    def __init__(self, sources, rng):
        self.sources, self.rng = sources, rng
        self.size = rng.choice(CANVASES)
        self.rate = rng.choice(RATES)

    def frames(self, low, high):
        return max(2, round(self.rng.uniform(low, high) * self.rate))

    def shot(self):
        """Frames of one shot, what it is of, and what happens in it."""
        kinds = ["video"] * 6 + (["pan", "zoom", "still", "shake"] if self.sources.table else []) + ["speaker", "speaker"]
        kind = self.rng.choice(kinds)
        if kind == "video":
            path = self.rng.choice(self.sources.shots)
            frames = self.sources.piece(path, self.rng.choice([0.4, 0.8, 1.5, 3, 5]), self.size, self.rate)
            return self.disturb(frames, os.path.basename(path))
        if kind == "speaker":
            return self.speaker()
        wide = (self.size[0] * 2 // 2 * 2, self.size[1] * 2 // 2 * 2)
        picture, of = self.sources.scene(wide)
        return self.move(picture, kind, of)

    def move(self, picture, kind, of):
        count, rng = self.frames(0.8, 4), self.rng
        width, height = self.size
        time = np.linspace(0, 1, count)
        if kind == "pan":
            ends = [(rng.uniform(0.5, 1.5) * width, rng.uniform(0.5, 1.5) * height) for _ in range(2)]
            if rng.random() < 0.5:  # a whip pan: most of it within a third of a second
                middle, steep = rng.uniform(0.3, 0.7), count / self.rate / 0.06
                time = 1 / (1 + np.exp(-np.clip((time - middle) * steep, -30, 30)))
            xs, ys = (np.interp(time, [0, 1], [ends[0][axis], ends[1][axis]]) for axis in (0, 1))
            frames = [view(picture, x, y, 0.95, self.size) for x, y in zip(xs, ys)]
        elif kind == "zoom":
            scales = np.interp(time, [0, 1], rng.sample([0.4, 0.7, 1.0, 1.6, 1.9], 2))
            if rng.random() < 0.3:
                scales = np.interp(np.clip((time - 0.5) * count / self.rate / 0.4 + 0.5, 0, 1), [0, 1], [0.6, 1.8])
            frames = [view(picture, width, height, scale, self.size) for scale in scales]
        elif kind == "shake":
            walk = np.cumsum(np.random.default_rng(rng.randrange(2**32)).normal(0, 0.015, (count, 3)), axis=0)
            walk -= np.linspace(0, 1, count)[:, None] * walk[-1]
            frames = [view(picture, width * (1 + x), height * (1 + y), 1.0, self.size, a) for x, y, a in walk]
        else:
            noise = np.random.default_rng(rng.randrange(2**32))
            base = view(picture, width, height, rng.uniform(0.8, 1.9), self.size).astype(np.int16)
            frames = [np.clip(base + noise.integers(-6, 7, base.shape), 0, 255).astype(np.uint8) for _ in range(count)]
        return np.stack(frames), of, [(0, count, kind)]

    def disturb(self, frames, of):
        """Something that happens within a shot and is no cut."""
        rng, frames, events = self.rng, np.array(frames), []
        if len(frames) < self.rate or rng.random() < 0.4:
            return frames, of, [(0, len(frames), "plain")]
        kind = rng.choice(["flash", "flash", "strobe", "exposure", "passing", "dip", "lights", "freeze"])
        at = rng.randrange(len(frames) // 4, 3 * len(frames) // 4)
        if kind in ("flash", "strobe"):
            for burst in range(1 if kind == "flash" else rng.randint(2, 4)):
                begin = at + burst * rng.randint(2, 6)
                strength, decay = rng.uniform(0.5, 1), rng.choice([0, 0.3, 0.6])
                for index in range(begin, min(len(frames), begin + rng.randint(1, 3) + int(6 * decay))):
                    held = strength * (1 if decay == 0 else decay ** (index - begin))
                    frames[index] = (frames[index] * (1 - held) + 255 * held).astype(np.uint8)
        elif kind in ("exposure", "lights"):
            gain, slow = rng.choice([0.25, 0.4, 1.8, 2.5]), 1 if kind == "lights" else self.rate // 2
            for index in range(at, len(frames)):
                held = min(1, (index - at + 1) / slow)
                frames[index] = np.clip(frames[index] * (1 + (gain - 1) * held), 0, 255).astype(np.uint8)
        elif kind == "passing":
            length = max(3, int(rng.uniform(0.3, 1.0) * self.rate))
            wide = int(self.size[0] * rng.uniform(0.3, 0.9))
            thing = np.array([rng.randrange(200) for _ in range(3)]) + np.random.default_rng(at).integers(0, 40, (self.size[1], wide, 3))
            for step, index in enumerate(range(at, min(len(frames), at + length))):
                x = int(-wide + (self.size[0] + wide) * step / length)
                low, high = max(0, x), min(self.size[0], x + wide)
                if high > low:
                    frames[index][:, low:high] = thing[:, low - x : high - x]
        elif kind == "dip":
            length = max(2, int(rng.uniform(0.1, 0.8) * self.rate))
            for index in range(len(frames)):
                held = max(0, 1 - abs(index - at) / length)
                frames[index] = (frames[index] * (1 - held)).astype(np.uint8)
        else:
            frames[at : at + self.rate // 2] = frames[at]
        return frames, of, [(0, len(frames), kind)]

    def speaker(self):
        """A shared screen with the image of somebody beside it: slides change, a page scrolls, a window opens."""
        rng, (width, height) = self.rng, self.size
        path = rng.choice(self.sources.shots)
        part = rng.uniform(0.22, 0.42)
        inset = (int(width * part) // 2 * 2, int(height * part) // 2 * 2)
        seconds = min(6, self.sources.lengths[path])
        faces = self.sources.piece(path, seconds, inset, self.rate)
        x, y = rng.choice([(0, 0), (width - inset[0], 0), (width - inset[0], height - inset[1]), (0, height - inset[1])])
        page, kind, frames = slide(self.size, rng, self.sources), rng.choice(["slides", "slides", "scroll", "window"]), []
        long = np.concatenate([page, slide(self.size, rng, self.sources), slide(self.size, rng, self.sources)])
        step, other = rng.choice([0.6, 1.2, 2.0]) * self.rate, slide(self.size, rng, self.sources)
        margin = int(width * rng.uniform(0.03, 0.2)), int(height * rng.uniform(0.03, 0.2))
        for index, face in enumerate(faces):
            if kind == "slides":
                if index and int(index / step) != int((index - 1) / step):
                    page = slide(self.size, rng, self.sources)
                screen = page.copy()
            elif kind == "scroll":
                offset = int(index * 2 * height / len(faces))
                screen = long[offset : offset + height].copy()
            else:
                screen = page.copy()
                if int(index / step) % 2:
                    screen[margin[1] : height - margin[1], margin[0] : width - margin[0]] = other[margin[1] : height - margin[1], margin[0] : width - margin[0]]
            screen[y : y + inset[1], x : x + inset[0]] = face
            frames.append(screen)
        return np.stack(frames), os.path.basename(path), [(0, len(frames), kind)]

    def compose(self, shots):
        """Frames, and the truth: (first frame, last frame, kind) of joins and of what happens between them."""
        frames, truth, last, before = [], [], None, 0
        for number in range(shots):
            for _ in range(20):
                piece, of, events = self.shot()
                if last is None or of.split("-")[0:2] != last.split("-")[0:2]:
                    break
            piece = np.array(piece)
            join = "none" if not frames else self.rng.choices(["cut", "dissolve", "black", "flash cut"], [76, 9, 9, 6])[0]
            at = len(frames)
            length = min(int(self.rng.uniform(0.3, 1.2) * self.rate), len(piece) // 3, before // 3)
            if join == "dissolve" and length < self.rate // 4:  # no room for one
                join = "cut"
            if join == "cut":
                truth.append((at, at, "cut"))
            elif join == "flash cut":
                blank = self.rng.randint(1, 3)
                frames += [np.full_like(piece[0], 255)] * blank
                truth.append((at, at + blank, "flash cut"))
            elif join == "black":
                half = max(2, int(self.rng.uniform(0.1, 0.6) * self.rate))
                half = max(2, min(half, len(piece) // 3, before // 3))
                for step in range(half):
                    frames[at - 1 - step] = (frames[at - 1 - step] * (step / half)).astype(np.uint8)
                    piece[step] = (piece[step] * (step / half)).astype(np.uint8)
                truth.append((at - half, at + half, "black"))
            elif join == "dissolve":
                for step in range(length):
                    held = (step + 1) / (length + 1)
                    frames[at - length + step] = (frames[at - length + step] * (1 - held) + piece[step] * held).astype(np.uint8)
                piece = piece[length:]
                truth.append((at - length, at, "dissolve"))
            begin, before = len(frames), len(piece)
            truth += [(begin + low, begin + min(high, before), kind) for low, high, kind in events]
            frames += list(piece)
            last = of
        if self.rng.random() < 0.4:
            self.caption(frames)
        return frames, truth

    def caption(self, frames):
        """What a channel shows over every shot: its sign, and sometimes a line of words."""
        (width, height), ground = self.size, np.array([self.rng.randrange(256) for _ in range(3)])
        sign = np.random.default_rng(self.rng.randrange(2**32)).integers(0, 256, (height // 36, width // 48, 3)).repeat(3, 0).repeat(4, 1)
        words = slide((width, height // 7), self.rng, self.sources) if self.rng.random() < 0.6 else None
        for index, frame in enumerate(frames):
            frame = frames[index] = np.array(frame)
            frame[height // 20 : height // 20 + sign.shape[0], -width // 20 - sign.shape[1] : -width // 20] = sign
            if words is not None:
                bottom = height - height // 30
                frame[bottom - len(words) : bottom] = words // 2 + (ground // 2).astype(np.uint8)

    def write(self, frames, path):
        command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "%dx%d" % self.size, "-r",
                   str(self.rate), "-i", "-", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-crf",
                   str(self.rng.choice([16, 23, 30, 36])), "-g", str(self.rng.choice([25, 250])), path]
        encoder = subprocess.Popen(command, stdin=subprocess.PIPE)
        for frame in frames:
            encoder.stdin.write(frame.tobytes())
        encoder.stdin.close()
        if encoder.wait():
            sys.exit("ffmpeg failed")


def make(arguments):
    os.makedirs(arguments.out, exist_ok=True)
    shots = [path for path in arguments.shots if not has_cut(path)]
    for path in sorted(set(arguments.shots) - set(shots)):
        print(f"left out, it has cuts of its own: {path}")
    with open(os.path.join(arguments.out, "truth.csv"), "w") as table:
        print("file,rate,first,last,kind", file=table)
        for number in range(arguments.count):
            rng = random.Random(arguments.seed * 1000 + number)
            composer = Composer(Sources(shots, arguments.scenes, arguments.part, rng), rng)
            frames, truth = composer.compose(arguments.pieces)
            name = f"{number:02}.mp4"
            composer.write(frames, os.path.join(arguments.out, name))
            for first, last, kind in truth:
                print(name, composer.rate, first, last, kind, sep=",", file=table)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--shots", nargs="+", required=True)
    parser.add_argument("--scenes", nargs=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--pieces", type=int, default=30)
    parser.add_argument("--part", type=int, choices=[0, 1])
    make(parser.parse_args())


if __name__ == "__main__":
    main()
