"""A headless Chromium that tests open pages in, spoken to by its own protocol (a web socket)."""

import base64
import itertools
import json
import shutil
import subprocess
import time
from pathlib import Path

from tornado.ioloop import IOLoop
from tornado.websocket import websocket_connect

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_PATIENCE = 60  # seconds


class Browser:
    """One page in a browser of its own; a context manager."""

    def __init__(self, profile: Path):
        self.profile, self.events = profile, []
        self._numbers = itertools.count(1)
        self._loop = IOLoop(make_current=False)

    def __enter__(self) -> "Browser":
        command = [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--remote-debugging-port=0", "--no-first-run", f"--user-data-dir={self.profile}", "about:blank",
        ]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found = self.profile / "DevToolsActivePort"
        end = time.monotonic() + _PATIENCE
        while not (found.is_file() and len(found.read_text().splitlines()) == 2):
            assert time.monotonic() < end, "Chromium did not start"
            time.sleep(0.1)
        port, path = found.read_text().splitlines()
        self._socket = self._run(
            lambda: websocket_connect(f"ws://127.0.0.1:{port}{path}", max_message_size=2**28)
        )
        self._session = None
        targets = self.ask("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        return self

    def __exit__(self, *_) -> None:
        self._socket.close()
        self.process.terminate()
        self.process.wait(_PATIENCE)
        self._loop.close(all_fds=True)

    def _run(self, call):
        async def done():
            return await call()

        return self._loop.run_sync(done, timeout=_PATIENCE)

    def ask(self, method: str, **params) -> dict:
        """Send one command and return its result; what happens in between is kept in ``events``."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._run(lambda: self._socket.write_message(json.dumps(message)))
        while True:
            answer = json.loads(self._run(self._socket.read_message))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def js(self, expression: str):
        """Return the value of an expression in the page; raises AssertionError with what it threw."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until an expression in the page is true."""
        end = time.monotonic() + _PATIENCE
        while not self.js(f"Boolean({condition})"):
            assert time.monotonic() < end, f"in vain: {condition}"
            time.sleep(0.1)

    def open(self, path: Path, width: int = 1280, height: int = 900) -> None:
        """Open a file in a window of this size and wait until all of Bokeh's plots are drawn."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.ask("Page.navigate", url=path.as_uri())
        self.until("document.readyState === 'complete'")
        self.until("!window.Bokeh || Bokeh.documents.length && Bokeh.documents.every((d) => d.is_idle)")

    def click(self, x: float, y: float) -> None:
        """Press and release the mouse at a place of the window."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            pressed = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, **pressed)

    def move(self, x: float, y: float) -> None:
        """Move the mouse to a place of the window."""
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def troubles(self) -> list[str]:
        """Return what the page complained of: exceptions, errors of the console, addresses asked for."""
        self.js("0")  # what happened until now
        found = []
        for event in self.events:
            method, params = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                found.append(details.get("exception", {}).get("description", details["text"]))
            elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
                found.append(" ".join(str(part.get("value")) for part in params["args"]))
            elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
                found.append(params["entry"]["text"])
            elif method == "Network.requestWillBeSent":
                address = params["request"]["url"]
                if not address.startswith(("data:", "file:", "blob:", "about:")):
                    found.append(f"asks for {address}")
        return found

    def picture(self, path: Path, whole: bool = True) -> None:
        """Save what is seen, or the whole page, as PNG."""
        taken = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(taken["data"]))
