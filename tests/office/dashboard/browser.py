"""A headless Chromium, driven over its own protocol through a pipe: nothing to install beside the browser itself."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SECONDS = 30.0
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--remote-debugging-pipe",
]  # fmt: skip

LAUNCH = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 20) for each in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""
"""The browser reads commands on descriptor 3 and answers on 4."""


def chromium() -> str | None:
    """Where it is; None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """One page. ``troubles`` gathers what a console would show in red: errors, broken policies, failed requests."""

    def __init__(self, program: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="kassa-chromium-")
        to_read, self._out = os.pipe()
        self._in, to_write = os.pipe()
        words = [program, *FLAGS, f"--user-data-dir={self._folder}", "about:blank"]
        shell = [sys.executable, "-c", LAUNCH, str(to_read), str(to_write), *words]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environ = {**os.environ, "HOME": self._folder, "TZ": "Europe/Amsterdam"}
        self._child = subprocess.Popen(shell, pass_fds=(to_read, to_write), env=environ, **quiet)
        os.close(to_read)
        os.close(to_write)
        self._number, self._rest = 0, b""
        self._answer: dict[int, dict[str, Any]] = {}
        self.troubles: list[str] = []
        self.statuses: list[tuple[str, int]] = []
        """Address and status of every answer."""
        self._loaded = False
        target = self._call("Target.createTarget", {"url": "about:blank"}, "")["targetId"]
        self._session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True}, "")["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol on this page."""
        return self._call(method, params, self._session)

    def size(self, width: int, height: int) -> None:
        """The window, in pixels; below 500 wide it is a telephone."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 500)  # fmt: skip

    def go(self, address: str) -> None:
        """Open an address and wait until it is loaded."""
        self._loaded = False
        self.call("Page.navigate", url=address)
        self.loaded()

    def loaded(self) -> None:
        """Wait for the page that is on its way."""
        self._until(lambda: self._loaded, "load")
        self._loaded = False

    def ask(self, expression: str) -> Any:
        """What an expression of JavaScript comes to."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise AssertionError(found["exceptionDetails"])
        return found["result"].get("value")

    def wait(self, expression: str, seconds: float = SECONDS) -> None:
        """Until an expression is true."""
        end = time.monotonic() + seconds
        while not self.ask(f"Boolean({expression})"):
            if time.monotonic() > end:
                raise AssertionError(f"never: {expression}")
            self._hear(0.1)

    def shoot(self, path: Path) -> None:
        """A picture of the whole page."""
        sizes = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": sizes["width"], "height": min(sizes["height"], 4000), "scale": 1}
        found = self.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(found["data"]))

    def close(self) -> None:
        """End it."""
        self._child.terminate()
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        os.close(self._in)
        os.close(self._out)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _call(self, method: str, params: dict[str, Any], session: str) -> dict[str, Any]:
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        self._answer.clear()
        self._until(lambda: number in self._answer, method)
        found = self._answer[number]
        if "error" in found:
            raise AssertionError(f"{method}: {found['error']}")
        result: dict[str, Any] = found["result"]
        return result

    def _until(self, done: Any, what: str) -> None:
        end = time.monotonic() + SECONDS
        while not done():
            if time.monotonic() > end or self._child.poll() is not None:
                raise AssertionError(f"the browser does not answer: {what}")
            self._hear(0.5)

    def _hear(self, seconds: float) -> None:
        if not select.select([self._in], [], [], seconds)[0]:
            return
        self._rest += os.read(self._in, 1 << 20)
        *messages, self._rest = self._rest.split(b"\0")
        for message in messages:
            self._take(json.loads(message))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._answer[message["id"]] = message
            return
        method, params = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Runtime.exceptionThrown":
            self.troubles.append(json.dumps(params["exceptionDetails"])[:500])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.troubles.append(json.dumps(params["args"])[:500])
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.troubles.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        elif method == "Network.responseReceived":
            self.statuses.append((params["response"]["url"], params["response"]["status"]))
