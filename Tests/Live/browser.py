"""Looks at the live view with Chromium: browser.py CHROMIUM URL FOLDER

Prints what it found as one line of JSON and leaves light.png, dark.png and phone.png in FOLDER. Talks to Chromium by its
debugging pipe, so nothing but Python is needed.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

chromium, url, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])


class Browser:
    """One tab, by its debugging pipe: a program of file descriptors 3 and 4."""

    def __init__(self, profile):
        (their_in, out), (into, their_out) = os.pipe(), os.pipe()
        # Above 4, so that they are not closed over.
        their_in, their_out = [os.dup2(fd, fd + 40) for fd in (their_in, their_out)]

        def place():
            os.dup2(their_in, 3)
            os.dup2(their_out, 4)

        self.process = subprocess.Popen(
            [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
             "--disable-background-networking", f"--user-data-dir={profile}", "about:blank"],
            stderr=subprocess.DEVNULL, preexec_fn=place, close_fds=False)
        os.close(their_in)
        os.close(their_out)
        self.out, self.into = os.fdopen(out, "wb", 0), os.fdopen(into, "rb", 0)
        self.number, self.session, self.rest, self.events = 0, None, b"", []

    def receive(self):
        while b"\0" not in self.rest:
            data = os.read(self.into.fileno(), 1 << 16)
            if not data:
                raise SystemExit("chromium went away")
            self.rest += data
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.out.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def value(self, code):
        result = self.ask("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        return result["result"].get("value")

    def wait(self, code, seconds=40):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.value(code):
                return True
            time.sleep(0.2)
        return False

    def look(self, name, width, height, scheme, phone=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        time.sleep(0.7)
        full = self.value("document.documentElement.scrollHeight")
        shot = self.ask(
            "Page.captureScreenshot", captureBeyondViewport=True,
            clip={"x": 0, "y": 0, "width": width, "height": min(full, 4000), "scale": 1})
        (folder / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))
        return {
            "page_width": self.value("document.documentElement.scrollWidth"), "width": width,
            "background": self.value("getComputedStyle(document.body).backgroundColor"),
        }


with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
    browser = Browser(profile)
    target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Network", "Runtime", "Page", "Log"):
        browser.ask(f"{domain}.enable")
    browser.ask("Page.navigate", url=url)
    found = {
        "picture": browser.wait("document.querySelector('#picture')?.alt.startsWith('Frame at')"),
        "rows": browser.wait("document.querySelectorAll('#table tr').length > 1"),
        "faces": browser.wait("document.querySelectorAll('#cards > *').length > 0"),
    }
    found["light"] = browser.look("light", 1200, 900, "light")
    found["dark"] = browser.look("dark", 1200, 900, "dark")
    found["phone"] = browser.look("phone", 390, 844, "light", phone=True)
    for kind in ("keyDown", "keyUp"):
        browser.ask("Input.dispatchKeyEvent", type=kind, key="p", code="KeyP", text="p" if kind == "keyDown" else "")
    found["pauses"] = browser.wait("document.querySelector('#state').dataset.state === 'paused'", 10)
    found["unnamed"] = browser.value(
        "[...document.querySelectorAll('button, a, [role=region], img')].filter(e => !e.textContent.trim()"
        " && !e.getAttribute('aria-label') && !e.hasAttribute('alt')).map(e => e.outerHTML)")
    found["requests"] = sorted({
        e["params"]["request"]["url"].split("?")[0] for e in browser.events if e.get("method") == "Network.requestWillBeSent"
    } - {"about:blank"})
    found["errors"] = [
        json.dumps(e["params"]) for e in browser.events if e.get("method") == "Runtime.exceptionThrown"
        or (e.get("method") == "Log.entryAdded" and e["params"]["entry"]["level"] == "error")
    ]
    print(json.dumps(found))
    browser.session = None
    browser.ask("Browser.close")
    browser.process.wait(10)
