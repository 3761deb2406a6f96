"""``kassa-office demo``: an office, a fortnight of figures and two tills of it on this machine, to try and to break."""

from __future__ import annotations

import argparse
import ctypes
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from django.utils.translation import gettext as _

TILLS = ("K1", "K2")
OWNER = "eigenaar"
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
FIRST_PORT, PORTS = 8100, 50
STARTED_SECONDS = 60.0
STOP_SECONDS = 15.0
PARENT_DIED = 1
"""``PR_SET_PDEATHSIG`` of Linux."""


def demo_arguments(parser: argparse.ArgumentParser) -> None:
    """``--data DIR``: where the office and the tills of the demo live."""
    parser.add_argument("--data", metavar="DIR", type=Path, help="anders ~/.local/share/kassa-office-demo")
    parser.epilog = "Voorbeeld: kassa-office demo --data /tmp/kantoor"


def demo_prepare(options: argparse.Namespace) -> None:
    """Write the demo's ``office.toml`` where it is not, before Django reads it. OSError where that cannot be."""
    base = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    folder = (options.data or Path(base) / "kassa-office-demo").absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    path = folder / "office.toml"
    if not path.exists():
        port = _free_port()
        path.write_text(
            f'name = "Buurtwinkel De Hoek"\ndata = "office"\nbind = "127.0.0.1:{port}"\nurl = "http://127.0.0.1:{port}"\n',
            "utf-8",
        )
    options.data = folder
    os.environ["KASSA_OFFICE_CONFIG"] = str(path)


def demo(options: argparse.Namespace) -> int:
    """Make what is not there yet, start it all, say what to do, and end it all at Ctrl-C."""
    from django.conf import settings

    folder: Path = options.data
    host, _colon, port = settings.OFFICE.bind.rpartition(":")
    if _taken(host, int(port)):
        print(
            _("Op %s draait al iets; staat de demo nog in een ander venster?") % settings.OFFICE.bind, file=sys.stderr
        )
        return 4
    signal.signal(signal.SIGTERM, lambda *_ignored: sys.exit(0))
    password = _office(folder)
    parts = _Parts(folder)
    try:
        parts.start("kantoor")
        if not _answers(settings.OFFICE.url, parts):
            print(_("Het kantoor start niet: zie %s") % (folder / "kantoor.log"), file=sys.stderr)
            return 3
        for till in TILLS:
            if not _enrolled(folder / till.lower(), till, settings.OFFICE.url):
                return 3
            parts.start(till)
        _explain(folder, settings.OFFICE.url, password)
        return _attend(parts)
    finally:
        parts.stop_all()


class _Parts:
    """The office and the sync agents: each a process of its own, with a log of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def runs(self, name: str) -> bool:
        """Whether it was started and has not ended."""
        return name in self._running and self._running[name].poll() is None

    def start(self, name: str) -> None:
        """Start the office, or the sync agent of a till."""
        command = [sys.executable, "-m", "kassa_office", "run"]
        if name in TILLS:
            config = str(self._folder / name.lower() / "till.toml")
            command = [sys.executable, "-m", "kassa_tui", "sync", "--config", config]
        with (self._folder / f"{name.lower()}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=_end_with_parent,
            )  # fmt: skip

    def cut(self, name: str) -> None:
        """As if the plug were pulled."""
        child = self._running.pop(name, None)
        if child is not None:
            _signal(child, signal.SIGKILL)
            child.wait()

    def stop_all(self) -> None:
        """The agents first, so that they say goodbye to an office that is there."""
        for name in sorted(self._running, key=lambda each: each not in TILLS):
            child = self._running[name]
            child.terminate()
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                _signal(child, signal.SIGKILL)


def _end_with_parent() -> None:
    """A demo whose window was closed leaves nothing behind that holds its port."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DIED, signal.SIGTERM)


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return


def _office(folder: Path) -> str:
    """Database, goods, people, a fortnight of sales, and somebody to log in; the password."""
    from kassa_office.catalogue.demo import fill
    from kassa_office.commands import demo_past
    from kassa_office.commands.setup import init, make_user

    print(_("Even geduld: het kantoor wordt klaargezet in %s") % folder, flush=True)
    init(argparse.Namespace(owner=None))
    note = folder / "login.txt"
    if not note.exists():
        print(_("%d artikelen") % fill(), flush=True)
    if sales := demo_past.fill():
        print(_("%d bonnen van de afgelopen twee weken") % sales, flush=True)
        demo_past.order()
    if note.exists():
        return note.read_text("utf-8").split()[-1]
    password = "-".join("".join(secrets.choice(LETTERS) for _each in range(4)) for _part in range(3))
    make_user(OWNER, "owner", [], password)
    with os.fdopen(os.open(note, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write(f"{OWNER} {password}\n")
    return password


def _enrolled(folder: Path, till: str, url: str) -> bool:
    """A till's folder with its settings, its key and a token of the office, by the commands that a shop would use."""
    from importlib.resources import files

    from kassa_office.tills.enrolment import issue_code
    from kassa_office.tills.models import Till

    if (folder / "office.token").exists():
        return True
    folder.mkdir(exist_ok=True, mode=0o750)
    text = (files("kassa_tui") / "data" / "demo.toml").read_text("utf-8")
    (folder / "till.toml").write_text(text.replace('id = "K1"', f'id = "{till}"'), "utf-8")
    code = issue_code(Till.objects.get(code=till), "kassa-office demo", replaces=False)
    for words in (["init"], ["enrol", url, "--code", code]):
        ended = subprocess.run(
            [sys.executable, "-m", "kassa_tui", *words, "--config", str(folder / "till.toml")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if ended.returncode:
            print(f"kassa {words[0]}: {ended.stderr.strip() or ended.stdout.strip()}", file=sys.stderr)
            return False
    print(_("Kassa %s is aangemeld") % till, flush=True)
    return True


def _explain(folder: Path, url: str, password: str) -> None:
    kassa = Path(sys.executable).with_name("kassa")
    print()
    print(_("Het kantoor:  %(url)s   gebruiker %(user)s, wachtwoord %(password)s")
          % {"url": url, "user": OWNER, "password": password})  # fmt: skip
    print(_("Een kassa, in een tweede venster:"))
    for till in TILLS:
        print(f"  {kassa} till --config {folder / till.lower() / 'till.toml'}")
    print(_("Aanmelden op de kassa: 1111 (Anna) of 9999 (Bas). Verkoop iets; binnen enkele seconden staat het in het "
            "kantoor."))  # fmt: skip
    print()
    print(_("Trek de stekker eruit: typ hier een letter en Enter; nog eens, en hij zit er weer in."))
    print(_("  k  het kantoor        1  de lijn van K1        2  de lijn van K2"))
    print(_("Een kassa zelf: kill -9, of sluit haar venster. Ze verkoopt door zonder kantoor, en haalt alles in."))
    print(_("Ontbreekt er iets?  %s") % f"{kassa.with_name('kassa-office')} proof --config {folder / 'office.toml'}")
    print(_("Ctrl-C: alles stopt; niets gaat weg, en dezelfde opdracht gaat verder."), flush=True)


def _attend(parts: _Parts) -> int:
    """Pull plugs and put them back, as somebody types, until Ctrl-C."""
    names = {"k": "kantoor", "1": TILLS[0], "2": TILLS[1]}
    while True:
        if sys.stdin is None or sys.stdin.closed:
            signal.pause()
        select.select([sys.stdin], [], [])
        typed = sys.stdin.readline()
        if not typed:
            signal.pause()
        name = names.get(typed.strip().lower())
        if name is None:
            print(_("k, 1 of 2"))
        elif parts.runs(name):
            parts.cut(name)
            print(_("%s: de stekker is eruit") % name, flush=True)
        else:
            parts.start(name)
            print(_("%s: de stekker zit er weer in") % name, flush=True)


def _answers(url: str, parts: _Parts) -> bool:
    until = time.monotonic() + STARTED_SECONDS
    while time.monotonic() < until and parts.runs("kantoor"):
        try:
            with urlopen(f"{url}/api/v1/snapshot", timeout=5):
                return True
        except HTTPError:  # it answers: that nobody may have this without a token
            return True
        except (URLError, OSError):
            time.sleep(0.2)
    return False


def _free_port() -> int:
    return next(port for port in range(FIRST_PORT, FIRST_PORT + PORTS) if not _taken("127.0.0.1", port))


def _taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0
