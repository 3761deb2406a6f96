"""``kassa demo --webshop``: the demo shop with a simulated webshop, each selling what the other then no longer has."""

from __future__ import annotations

import csv
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.failures import DONE, MISUSE, UNREACHED

if TYPE_CHECKING:
    from kassa_tui.commands.dispatch import Call

PORT = 8099
MARK = "webshop-demo"
"""File that says that a folder is one of ours and may be made anew."""
PARENT_DIED = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
STOP_SECONDS = 10.0
POLL_SECONDS = 10


def demo(call: Call) -> int:
    """A webshop, the agent that talks to it, and the till on this terminal; all three end together."""
    from kassa_tui import app, bootstrap

    usual = bootstrap.demo_folder(os.environ).with_name("kassa-webshop-demo")
    folder = Path(call.args.data) if call.args.data else usual
    if folder.exists() and not (folder / MARK).exists() and any(folder.iterdir()):
        call.complain(call.t("{folder} is niet leeg en niet van deze demo", folder=folder))
        return MISUSE
    # The webshop is new at every start, so the shop beside it is too.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    children = list[subprocess.Popen[bytes]]()
    try:
        if not _prepared(call, folder, children):
            return UNREACHED
        if not os.isatty(0) or not os.isatty(1):
            # Held back first, or the signal ends this process before it can end the others.
            ending = {signal.SIGINT, signal.SIGTERM}
            signal.pthread_sigmask(signal.SIG_BLOCK, ending)
            signal.sigwait(ending)
            return DONE
        call.say(call.t("Enter start de kassa (Anna 1111, Bas 9999); bestellingen onder F10, Webbestellingen."))
        sys.stdin.readline()
        return app.start(True, {"--data": str(folder)})
    finally:
        for child in reversed(children):
            child.terminate()
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()


def _prepared(call: Call, folder: Path, children: list[subprocess.Popen[bytes]]) -> bool:
    """The webshop with its goods, linked to the demo shop's, and the agent between them."""
    from kassa_tui import bootstrap

    kind, port = call.args.webshop, _free_port()
    words = ["simulate", kind, "--port", str(port), "--dir", str(folder), "--articles", str(_assortment(folder))]
    children.append(_start(folder, "webshop", words))
    if not _answers(port, children[0]):
        call.complain(call.t("de webshop start niet; zie {path}", path=folder / "webshop.log"))
        return False
    config = bootstrap.prepare({"--data": str(folder)}, demo=True)
    _configure(config.path, kind, port)
    link = [*_kassa("webshop", "link", "WEB"), "--config", str(config.path)]
    subprocess.run(link, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    children.append(_start(folder, "sync", ["sync", "--config", str(config.path)]))
    call.say(call.t("De webshop staat op http://127.0.0.1:{port}/ : kijk en bestel daar.", port=port))
    call.say(call.t("Of in een ander venster: curl -d sku=6 http://127.0.0.1:{port}/winkel", port=port))
    sys.stdout.flush()
    return True


def _assortment(folder: Path) -> Path:
    """What the webshop sells: everything of the demo shop of which the stock is known."""
    from kassa_tui.bootstrap import DATA

    with (DATA / "demo_articles.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = [row for row in reader if row["stock"] and row["unit"] == "each"]
        names = list(reader.fieldnames or ())
    path = folder / "webshop.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def _configure(path: Path, kind: str, port: int) -> None:
    from kassa_tui.sync.enrol import put_tables

    table: dict[str, Any] = {
        "kind": kind, "url": f"http://127.0.0.1:{port}", "name": "Webwinkel", "code": "WEB", "key_file": "webshop.key",
        "owner": "K1", "poll_seconds": POLL_SECONDS,
    }  # fmt: skip
    if kind == "magento":
        # Its goods lie where customers come for them.
        table["options"] = {"sources": ["winkel"]}
    put_tables(path, {"webshop": [table]})


def _kassa(*words: str) -> list[str]:
    return [sys.executable, "-m", "kassa_tui", *words]


def _start(folder: Path, name: str, words: list[str]) -> subprocess.Popen[bytes]:
    with (folder / f"{name}.log").open("ab") as log:
        return subprocess.Popen(_kassa(*words), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                preexec_fn=_end_with_parent)  # fmt: skip


def _end_with_parent() -> None:
    """A demo whose window was closed leaves nothing behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DIED, signal.SIGTERM)


def _free_port() -> int:
    """The usual one where nobody has it."""
    for port in (PORT, 0):
        try:
            with socket.create_server(("127.0.0.1", port)) as server:
                found: int = server.getsockname()[1]
                return found
        except OSError:
            continue
    raise AssertionError("no port")


def _answers(port: int, shop: subprocess.Popen[bytes]) -> bool:
    """Whether the webshop answers before it ends."""
    import time

    until = time.monotonic() + STOP_SECONDS
    while time.monotonic() < until and shop.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.05)
            continue
        return True
    return False
