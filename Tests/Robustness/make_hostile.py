#!/usr/bin/env python3
"""Makes damaged and hostile videos: the same ones for the same seed.

  make_hostile.py SAMPLE OUT [--count 500] [--seed 1]

SAMPLE is any short video. OUT gets COUNT files made from it in some twenty containers: bits flipped, parts lost, doubled,
swapped and cut off, numbers in headers replaced, time stamps of every kind rewritten, playlists under other names, and
names that look like commands. Needs ffmpeg and Python 3.9.
"""
import argparse, os, random, re, shutil, struct, subprocess, sys, tempfile

BASES = {
    # name: (seconds, options of ffmpeg)
    "h264.mp4": (3, "-c:v libx264 -preset ultrafast -bf 2 -g 25"),
    "fragments.mp4": (3, "-c:v libx264 -preset ultrafast -g 25 -movflags +frag_keyframe+empty_moov"),
    "faststart.mp4": (3, "-c:v mpeg4 -q:v 6 -movflags +faststart"),
    "mjpeg.mov": (2, "-c:v mjpeg -q:v 8"),
    "h263.3gp": (2, "-s 352x288 -c:v h263"),
    "h264.mkv": (3, "-c:v libx264 -preset ultrafast -bf 2 -g 25 -cluster_time_limit 400 -cluster_size_limit 4000"),
    "mjpeg.mkv": (2, "-c:v mjpeg -q:v 8 -cluster_time_limit 400"),
    "vp8.webm": (2, "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 300k"),
    "mjpeg.avi": (2, "-c:v mjpeg -q:v 8"),
    "mpeg4.avi": (3, "-c:v mpeg4 -bf 2 -q:v 6"),
    "h264.flv": (3, "-c:v libx264 -preset ultrafast -g 25"),
    "flv1.flv": (2, "-c:v flv -q:v 6"),
    "h264.ts": (3, "-c:v libx264 -preset ultrafast -bf 2 -g 25"),
    "mpeg2.ts": (3, "-c:v mpeg2video -q:v 6"),
    "mpeg2.mpg": (3, "-c:v mpeg2video -q:v 6"),
    "theora.ogv": (2, "-c:v libtheora -q:v 3"),
    "wmv2.wmv": (2, "-c:v wmv2 -q:v 6"),
    "mpeg2.mxf": (2, "-c:v mpeg2video -q:v 6"),
    "mpeg4.nut": (2, "-c:v mpeg4 -q:v 6"),
    "raw.y4m": (1, "-s 96x72 -pix_fmt yuv420p"),
    "small.gif": (2, "-vf scale=160:-2,fps=10"),
    "tape.dv": (0.4, "-s 720x576 -r 25 -c:v dvvideo -pix_fmt yuv420p"),
    "vp8.ivf": (2, "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 300k"),
    "stream.h264": (2, "-c:v libx264 -preset ultrafast -g 25"),
    "rv10.rm": (2, "-s 352x288 -c:v rv10 -q:v 6"),
    "mpeg1.vob": (2, "-c:v mpeg2video -q:v 6 -f vob"),
}
M63 = (1 << 63) - 1
NUMBERS = [0, 1, 2, 1000, 0x7FFF, 0xFFFF, 1 << 24, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 40, (1 << 62) - 1, M63, 1 << 63, (1 << 64) - 1]


def make_bases(sample, folder):
    bases = {}
    for name, (seconds, options) in BASES.items():
        path = os.path.join(folder, name)
        command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", sample, "-t", str(seconds), "-an"]
        if "-s " not in options and "scale" not in options:
            command += ["-vf", "scale=320:-2"]
        done = subprocess.run(command + options.split() + ["file:" + path], capture_output=True)
        if done.returncode == 0 and os.path.getsize(path) > 1000:
            bases[name] = open(path, "rb").read()
        else:
            print(f"left out: {name}: {done.stderr.decode()[-120:].strip()}", file=sys.stderr)
    return bases


# ---- damage of any bytes

def flip_head(rng, data):
    data = bytearray(data)
    for _ in range(rng.randint(4, 16)):
        data[rng.randrange(min(len(data), 4096))] ^= 1 << rng.randrange(8)
    return data

def flip_all(rng, data):
    data = bytearray(data)
    start = min(2048, len(data) // 4)
    for _ in range(max(10, len(data) // rng.choice([200, 500, 2000]))):
        data[rng.randrange(start, len(data))] = rng.randrange(256)
    return data

def cut(rng, data):
    return data[:int(len(data) * rng.uniform(0.1, 0.98))]

def cut_front(rng, data):
    return data[int(len(data) * rng.uniform(0.02, 0.6)):]

def drop(rng, data):
    out, i = bytearray(), 0
    while i < len(data):
        size = rng.randrange(300, 3000)
        if i < 4096 or rng.random() > 0.12:
            out += data[i:i + size]
        i += size
    return out

def swap(rng, data):
    data = bytearray(data)
    for _ in range(6):
        size = rng.randrange(50, 800)
        if len(data) > 8000:
            a, b = rng.randrange(4096, len(data) - size), rng.randrange(4096, len(data) - size)
            data[a:a + size], data[b:b + size] = data[b:b + size], data[a:a + size]
    return data

def double(rng, data):
    a = rng.randrange(len(data))
    b = min(len(data), a + rng.randrange(1000, 20000))
    return data[:b] + data[a:]

def zero(rng, data):
    data = bytearray(data)
    a = int(len(data) * rng.uniform(0.02, 0.7))
    b = min(len(data), a + int(len(data) * rng.uniform(0.05, 0.6)))
    data[a:b] = bytes(b - a)
    return data

def numbers(rng, data):
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(8, min(len(data) - 8, 3000))
        data[at:at + 4] = struct.pack(rng.choice("<>") + "I", rng.choice(NUMBERS) & 0xFFFFFFFF)
    return data

def join(rng, data):
    return data + data[len(data) // 3:] + data

ANY = [flip_head, flip_all, cut, cut_front, drop, swap, double, zero, numbers, join]


# ---- times and sizes of one container

def boxes(rng, data):
    """A field of one to three MP4 boxes."""
    data = bytearray(data)
    fields = [(b"mvhd", 12), (b"mvhd", 16), (b"mdhd", 12), (b"mdhd", 16), (b"tkhd", 20), (b"stts", 4), (b"stts", 8),
              (b"stts", 12), (b"ctts", 8), (b"ctts", 12), (b"elst", 8), (b"elst", 12), (b"elst", 16), (b"stsz", 4),
              (b"stsz", 8), (b"stsc", 8), (b"stsc", 12), (b"stco", 8), (b"stss", 4), (b"avc1", 24), (b"pasp", 0),
              (b"pasp", 4), (b"trun", 4), (b"tfdt", 4), (b"tfdt", 8), (b"tfhd", 12), (b"trex", 12)]
    for _ in range(rng.randint(1, 3)):
        tag, offset = rng.choice(fields)
        at = data.find(tag)
        if at >= 0:
            data[at + 4 + offset:at + 8 + offset] = struct.pack(">I", rng.choice(NUMBERS) & 0xFFFFFFFF)
    return data

def slow_boxes(rng, data):
    """One tick a second, and many ticks a frame."""
    data = bytearray(data)
    for tag, offset, value in [(b"mdhd", 12, 1), (b"stts", 12, rng.choice([2, 30, 1000, 10**6, 0x7FFFFFF0]))]:
        at = data.find(tag)
        if at >= 0:
            data[at + 4 + offset:at + 8 + offset] = struct.pack(">I", value)
    return data

def ebml_size(data, at):
    width = 1
    while width <= 8 and not data[at] & (0x80 >> (width - 1)):
        width += 1
    return width, int.from_bytes(data[at:at + width], "big") & ((1 << (7 * width)) - 1)

def clusters(rng, data):
    """Time codes of Matroska clusters, as 64-bit numbers."""
    starts = [m.start() for m in re.finditer(b"\x1f\x43\xb6\x75", data)]
    plan = rng.choice([
        lambda k, old: old if k < 1 else M63 - 1000 + old,
        lambda k, old: [0, M63 - 100, 5, M63 - 50][k % 4],
        lambda k, old: [old, 1 << 62, old, (1 << 62) + 5][k % 4],
        lambda k, old: [old, -(1 << 62), old, (1 << 62) + 5][k % 4],
        lambda k, old: M63 - 5000 + old, lambda k, old: (1 << 60) + old,
        lambda k, old: [M63 // 10**6, -(M63 // 10**6), M63 // 10**6][k % 3],
        lambda k, old: -old - 1000, lambda k, old: old + (10**rng.choice([5, 8, 10, 12, 15]) if k else 0),
        lambda k, old: rng.getrandbits(64), lambda k, old: old if k % 3 else rng.getrandbits(64),
        lambda k, old: old * 1000, lambda k, old: 0, lambda k, old: 10**7 - old,
    ])
    out, last = bytearray(), 0
    for number, at in enumerate(starts):
        try:
            width, size = ebml_size(data, at + 4)
            first = at + 4 + width
            body = data[first:first + size]
            if body[:1] == b"\xbf":
                body = body[6:]
            if body[:1] != b"\xe7":
                continue
            length = body[1] & 0x7F
            old = int.from_bytes(body[2:2 + length], "big")
        except IndexError:
            continue
        out += data[last:at]
        body = b"\xe7\x88" + (plan(number, old) & ((1 << 64) - 1)).to_bytes(8, "big") + body[2 + length:]
        out += data[at:at + 4] + b"\x01" + len(body).to_bytes(7, "big") + body
        last = first + size
    out += data[last:]
    at = out.find(b"\x18\x53\x80\x67")
    if at >= 0:
        width, _ = ebml_size(out, at + 4)
        out[at + 4:at + 4 + width] = b"\x01" + b"\xff" * 7 if width == 8 else bytes([0xFF >> (width - 1)]) + b"\xff" * (width - 1)
    return out

def matroska_header(rng, data):
    data = bytearray(data)
    kind = rng.choice(["scale", "duration", "tag", "default"])
    if kind == "scale":
        at = data.find(b"\x2a\xd7\xb1")
        length = data[at + 3] & 0x7F
        data[at + 4:at + 4 + length] = (rng.choice([0, 1, 7, (1 << 62), (1 << 8 * length) - 1, 10**9]) & ((1 << 8 * length) - 1)).to_bytes(length, "big")
    elif kind == "duration":
        at = data.find(b"\x44\x89")
        length = data[at + 2] & 0x7F
        value = rng.choice([float("inf"), float("nan"), 1e300, -5.0, 0.0, 1e12, 1e-300])
        if length == 4 and abs(value) > 1e38 and abs(value) != float("inf"):
            value = 1e38
        data[at + 3:at + 3 + length] = struct.pack(">d" if length == 8 else ">f", value)
    elif kind == "tag":
        at = data.find(b"00:00:0")
        if at >= 0:
            data[at:at + 18] = rng.choice([b"99:99:99.999999999", b"1e9:00:00.00000000", b"inf:00:0.000000000", b"nan:00:0.000000000",
                                           b"-1:00:00.000000000", b"1e300:0:0.0000000", b"9999999:00:00.0000"])[:18]
    else:
        at = data.find(b"\x23\xe3\x83")
        if at >= 0:
            length = data[at + 3] & 0x7F
            data[at + 4:at + 4 + length] = b"\xff" * length
    return data

def avi_rates(rng, data):
    data = bytearray(data)
    at = data.find(b"strh")
    scale, rate = rng.choice([(0, 0), (1, 0xFFFFFFFF), (0xFFFFFFFF, 1), (1, 10000), (10**6, 1), (4 * 10**9, 1), (12, 1), (1, 3), (11, 10)])
    data[at + 28:at + 36] = struct.pack("<II", scale, rate)
    if rng.random() < 0.4:
        data[at + 36:at + 44] = struct.pack("<II", rng.choice(NUMBERS) & 0xFFFFFFFF, rng.choice(NUMBERS) & 0xFFFFFFFF)
    if rng.random() < 0.3:
        at = data.find(b"strf")
        data[at + 12:at + 20] = struct.pack("<ii", *rng.choice([(0x7FFFFFFF, 0x7FFFFFFF), (-256, -256), (65535, 65535), (1, 1), (16000, 9000)]))
    return data

def pes_times(rng, data):
    """PTS (and DTS) of a transport or program stream."""
    data = bytearray(data)
    share, mask = rng.choice([0.05, 0.5, 1.0]), (1 << 33) - 1
    shift = rng.choice([0, 90000 * 3600, 1 << 32, -90000])
    for found in re.finditer(rb"\x00\x00\x01[\xe0-\xef]", bytes(data)):
        at = found.start() + 9
        if at + 5 > len(data) or not data[at - 2] & 0x80 or rng.random() > share:
            continue
        old = (data[at] >> 1 & 7) << 30 | data[at + 1] << 22 | (data[at + 2] >> 1) << 15 | data[at + 3] << 7 | data[at + 4] >> 1
        new = (old + shift if shift else rng.getrandbits(33)) & mask
        data[at:at + 5] = bytes([data[at] & 0xF1 | (new >> 30 & 7) << 1, new >> 22 & 255, (new >> 15 & 127) << 1 | 1, new >> 7 & 255, (new & 127) << 1 | 1])
    return data

def flv_times(rng, data):
    data = bytearray(data)
    at, share, big = 13, rng.choice([0.1, 0.5, 1.0]), rng.choice([False, True])
    while at + 11 < len(data):
        size = int.from_bytes(data[at + 1:at + 4], "big")
        if rng.random() < share:
            data[at + 4:at + 8] = rng.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", rng.randbytes(4)]) if big else rng.randbytes(2) + data[at + 6:at + 8]
        at += size + 15
    return data

def ogg_times(rng, data):
    data = bytearray(data)
    for found in re.finditer(b"OggS", bytes(data)):
        at = found.start() + 6
        if found.start() > 0 and rng.random() < rng.choice([0.2, 1.0]):
            data[at:at + 8] = struct.pack("<Q", rng.choice(NUMBERS + [rng.getrandbits(64)]))
    return data  # checksums are wrong now, as in a damaged file

def ivf_times(rng, data):
    data = bytearray(data)
    if rng.random() < 0.5:
        data[16:24] = struct.pack("<II", rng.choice(NUMBERS) & 0xFFFFFFFF, rng.choice(NUMBERS) & 0xFFFFFFFF)
    at, share = 32, rng.choice([0.1, 0.5, 1.0])
    while at + 12 < len(data):
        size = int.from_bytes(data[at:at + 4], "little")
        if rng.random() < share:
            data[at + 4:at + 12] = struct.pack("<Q", rng.choice(NUMBERS + [rng.getrandbits(64), rng.getrandbits(30)]))
        at += 12 + size
    return data

def y4m_header(rng, data):
    header = rng.choice(["W96 H72 F0:0 A0:0", "W96 H72 F2147483647:1 A1:1", "W96 H72 F1:2147483647 A1:1", "W96 H72 F1:11 A1:1",
                         "W96 H72 F25:1 A2147483647:1", "W96 H72 F25:1 A1:30000", "W100000 H100000 F25:1", "W0 H0 F25:1", "W-5 H-5 F25:1",
                         "W16000 H9000 F25:1", "W96 H72 F1:1000000", "W97 H71 F25:1"])
    return ("YUV4MPEG2 " + header + "\n").encode() + data[data.index(b"\n") + 1:]

def gif_delays(rng, data):
    data = bytearray(data)
    delay = rng.choice([0, 1, 0xFFFF, 2000, None])
    for found in re.finditer(b"\x21\xf9\x04", bytes(data)):
        data[found.start() + 4:found.start() + 6] = struct.pack("<H", rng.getrandbits(16) if delay is None else delay)
    return data

def jpeg_sizes(rng, data):
    data, at, number = bytearray(data), 0, 0
    while True:
        at = data.find(b"\xff\xc0", at)
        if at < 0:
            return data
        number += 1
        if number % 5 == 0:
            data[at + 5:at + 9] = struct.pack(">HH", rng.choice([65535, 1, 8000, 240]), rng.choice([65535, 1, 60000, 320]))
        at += 2

OWN = {
    ".mp4": [boxes, boxes, boxes, slow_boxes], ".mov": [boxes, boxes, slow_boxes, jpeg_sizes], ".3gp": [boxes, slow_boxes],
    ".mkv": [clusters, clusters, clusters, matroska_header], ".webm": [clusters, matroska_header],
    ".avi": [avi_rates, avi_rates, jpeg_sizes], ".ts": [pes_times], ".mpg": [pes_times], ".vob": [pes_times], ".flv": [flv_times],
    ".ogv": [ogg_times], ".ivf": [ivf_times, ivf_times], ".y4m": [y4m_header], ".gif": [gif_delays],
}

# ---- files that are no videos, and names that are no names

def texts(rng, number):
    return rng.choice([
        ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{self}\n", ".mp4"), ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsec.ts\n", ".mp4"),
        ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{self}\n", ".m3u8"), ("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n", ".m3u8"),
        ("ffconcat version 1.0\nfile {self}\n", ".mp4"), ("ffconcat version 1.0\nfile {self}\n", ".ffconcat"),
        ("ffconcat version 1.0\nfile /etc/passwd\n", ".ffconcat"),
        ("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n", ".mp4"),
        ("<?xml version=\"1.0\"?><MPD type=\"static\" mediaPresentationDuration=\"PT1S\"><Period><BaseURL>/etc/</BaseURL></Period></MPD>", ".mpd"),
        ("hello world\n" * 500, ".mp4"), ("[Script Info]\n[Events]\nDialogue: 0,0:00:00.00,0:00:01.00,x,,0,0,0,,hi\n", ".mkv"),
        ("\x00" * 5000, ".ts"), ("RIFF\xff\xff\xff\x7fAVI ", ".avi"), ("", ".mp4"), ("GIF89a", ".gif"),
    ])

NAMES = ["lavfi:testsrc2=d=1.mp4", "v4l2:0.mp4", "screen:.mp4", "-o.mp4", "--help.mp4", "concat:a|b.mp4", "http:a.mp4", "%03d.mp4",
         "a,\u0301b.mp4", "cafe\u0301.mp4", "caf\u00e9.mp4", "=1+1.mp4", "*.mp4", "a\nb.mp4", "pipe:0.mp4", " .mp4", "subfile,,start,0,end,9,,:x.mp4"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sample")
    parser.add_argument("out")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    os.makedirs(options.out, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        bases = make_bases(options.sample, folder)
    def write(name, data):
        with open(os.path.join(options.out, name), "wb") as file:
            file.write(data)
    made, names = 0, list(bases)
    for name in NAMES[:max(1, options.count // 25)]:
        write(name, bases["h264.mp4"])
        made += 1
    for number in range(max(1, options.count // 25)):
        text, ending = texts(rng, number)
        name = f"text-{number:03d}{ending}"
        write(name, text.replace("{self}", name).encode("latin-1"))
        made += 1
    while made < options.count:
        base = names[made % len(names)]
        stem, ending = os.path.splitext(base)
        own = OWN.get(ending, [])
        change = rng.choice(own) if own and rng.random() < 0.5 else rng.choice(ANY)
        try:
            data = change(rng, bases[base])
        except (IndexError, ValueError, struct.error):
            continue
        write(f"{stem}-{made:04d}-{change.__name__}{ending}", bytes(data))
        made += 1
    print(f"{made} files of {len({os.path.splitext(name)[1] for name in names})} containers, seed {options.seed}")


if __name__ == "__main__":
    main()
