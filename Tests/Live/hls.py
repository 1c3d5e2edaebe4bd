"""A live HLS stream on loopback with faults: hls.py PORT FOLDER MISSING STALLED SECONDS

FOLDER has i0.ts, i1.ts, ... of half a second each, which appear in the playlist one by one, six at a time. Number MISSING
is answered with 404; number STALLED is sent after SECONDS.
"""

import http.server
import pathlib
import sys
import time

port, folder, missing, stalled, seconds = int(sys.argv[1]), pathlib.Path(sys.argv[2]), *map(int, sys.argv[3:6])
count = len(list(folder.glob("i*.ts")))
start = time.monotonic()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.lstrip("/").split("?")[0]
        if name == "live.m3u8":
            last = min(count, int((time.monotonic() - start) / 0.48) + 6)
            first = max(0, last - 6)
            lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1", f"#EXT-X-MEDIA-SEQUENCE:{first}"]
            for index in range(first, last):
                lines += ["#EXTINF:0.48,", f"i{index}.ts"]
            if last == count:
                lines.append("#EXT-X-ENDLIST")
            return self.answer(("\n".join(lines) + "\n").encode(), "application/vnd.apple.mpegurl")
        if name == f"i{missing}.ts" or not (folder / name).is_file():
            return self.send_error(404)
        if name == f"i{stalled}.ts":
            time.sleep(seconds)
        self.answer((folder / name).read_bytes(), "video/mp2t")

    def answer(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
