"""An office and two tills on this machine, as `kassa-office demo` sets them up; plugs pulled through its own keys."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.house.source import ROOT

WAIT_S = 300.0
"""Longest wait; only a failing test waits so long."""
Answer = dict[str, Any]


class Demo:
    """``kassa-office demo`` in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "PYTHONUNBUFFERED": "1"}
        self.env.pop("KASSA_OFFICE_CONFIG", None)
        self._said: queue.Queue[str] = queue.Queue()
        self.start()

    def start(self) -> None:
        """Until it has said everything."""
        self._child = subprocess.Popen(
            [sys.executable, "-m", "kassa_office", "demo", "--data", str(self.folder / "demo")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.env,
        )  # fmt: skip
        threading.Thread(target=self._listen, args=(self._child,), daemon=True).start()
        self.text = self.hear("Ctrl-C")

    def _listen(self, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            self._said.put(line)
        self._said.put("")

    def hear(self, text: str) -> str:
        """Everything it says up to a line with this in it."""
        heard = ""
        until = time.monotonic() + WAIT_S
        while True:
            line = self._said.get(timeout=max(until - time.monotonic(), 0.1))
            heard += line
            if text in line:
                return heard
            assert line, f"ended without saying {text!r}:\n{heard}"

    def plug(self, key: str, says: str) -> None:
        """Pull a plug, or put it back."""
        assert self._child.stdin is not None
        self._child.stdin.write(f"{key}\n")
        self._child.stdin.flush()
        self.hear(says)

    @property
    def login(self) -> tuple[str, str, str]:
        """Address, user and password, as told."""
        found = re.search(r"(http://\S+) .* (\S+), \S+ (\S+)\n", self.text)
        assert found is not None, self.text
        return found[1], found[2], found[3]

    def config(self, till: str) -> str:
        """A till's settings."""
        return str(self.folder / "demo" / till.lower() / "till.toml")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        return subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, env=self.env, check=False)

    def proof(self) -> str:
        """What ``kassa-office proof`` says."""
        return self.run("kassa_office", "proof", "--config", str(self.folder / "demo" / "office.toml")).stdout

    def stop(self) -> int:
        """Ctrl-C."""
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGINT)
        return self._child.wait(60)


class Seller:
    """A ``kassa sell`` that stays open: one line in, one answer out."""

    def __init__(self, demo: Demo, till: str) -> None:
        self.till = till
        self._child = subprocess.Popen(
            [sys.executable, "-m", "kassa_tui", "sell", "--config", demo.config(till)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=demo.env,
        )  # fmt: skip
        self.refusable("login 9999", "open-shift 100")

    def refusable(self, *lines: str) -> Answer:
        """Do them, whatever comes of it; the last answer."""
        answer: Answer = {}
        for line in lines:
            assert self._child.stdin is not None
            assert self._child.stdout is not None
            self._child.stdin.write(line.encode() + b"\n")
            self._child.stdin.flush()
            answer = json.loads(self._child.stdout.readline())
        return answer

    def does(self, *lines: str) -> Answer:
        """Do them, each of which must be allowed; the last answer."""
        answer: Answer = {}
        for line in lines:
            answer = self.refusable(line)
            assert answer["ok"], (line, answer)
        return answer

    def no(self, line: str) -> Answer:
        """Something that is refused."""
        answer = self.refusable(line)
        assert not answer["ok"], answer
        return answer

    def until(self, line: str, good: Callable[[Answer], bool]) -> Answer:
        """Do it again until it comes out so: what it needs is on its way through two other programs."""
        deadline = time.monotonic() + WAIT_S
        while not good(answer := self.refusable(line)):
            assert time.monotonic() < deadline, answer
            time.sleep(0.2)
        return answer

    def close(self) -> None:
        """End it; once more is nothing."""
        assert self._child.stdin is not None
        if not self._child.stdin.closed:
            self._child.stdin.close()
        assert self._child.wait(60) == 0
