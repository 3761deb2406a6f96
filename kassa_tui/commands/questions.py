"""The questions of ``kassa setup`` on a plain terminal, each answer tried before the next one is asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui import config_checks as checks
from kassa_tui.config import Config, ConfigError, Device, Problem, load
from kassa_tui.messages import N_, plain
from kassa_tui.services import machine
from kassa_tui.services.setup import judged

if TYPE_CHECKING:
    from kassa_tui.commands.dispatch import Call

DATA = "/var/lib/kassa"
LEARN = N_("leren")
ROLES = (
    ("printer", N_("Bonprinter")),
    ("drawer", N_("Geldlade")),
    ("scanner", N_("Scanner")),
    ("card_terminal", N_("Pinautomaat")),
)
PLACES = {
    "printer": ("/dev/usb/lp*", "/dev/serial/by-id/*"),
    "scanner": ("/dev/input/by-id/*-event-kbd", "/dev/serial/by-id/*"),
    "card_terminal": ("/dev/serial/by-id/*",),
}
"""Where devices of a role are found when they are plugged in."""
STAFF_ROLES = ("cashier", "senior", "manager", "technician")


class Ended(Exception):
    """The person at the terminal went away."""


class Interview:
    """One conversation; ``run`` gives its answers."""

    def __init__(self, call: Call, path: Path, read: Callable[[], str] | None = None) -> None:
        self._call, self._path = call, path
        self._read = read or sys.stdin.readline
        self._before = _settings(path)
        self.answers: dict[str, Any] = {}
        self.learned: list[dict[str, Any]] = []
        """Devices that spoke, to be kept once the till is made."""

    def run(self) -> dict[str, Any] | None:
        """Everything that was answered; None where the input ended before the last answer."""
        try:
            self._shop()
            for role, title in ROLES:
                self._device(role, self._call.t(title))
            self.answers["staff"] = list(self._staff())
        except Ended:
            return None
        return self.answers

    def _ask(self, question: str, usual: str = "", check: Callable[[str], str] | None = None) -> str:
        """A line; Enter gives the usual answer. ``check`` says what is wrong with one, and then it is asked again."""
        while True:
            self._call.say(f"{question}{f' [{plain(usual)}]' if usual else ''}:")
            line = self._read()
            if not line:
                raise Ended
            answer = line.strip() or usual
            wrong = check(answer) if check else ""
            if not wrong:
                return answer
            self._call.say(f"  {wrong}")

    def _choose(self, question: str, choices: Iterable[str], usual: str = "") -> str:
        names = list(choices)
        for number, name in enumerate(names, 1):
            self._call.say(f"  {number} {name}")

        def check(answer: str) -> str:
            return "" if self._picked(answer, names) else self._call.t("kies uit {known}", known=", ".join(names))

        return self._picked(self._ask(question, usual or names[0], check), names)

    @staticmethod
    def _picked(answer: str, names: list[str]) -> str:
        if answer.isdigit() and 0 < int(answer) <= len(names):
            return names[int(answer) - 1]
        return answer if answer in names else ""

    def _yes(self, question: str) -> bool:
        return self._ask(question + " (j/n)", "j").lower()[:1] in ("j", "y", "o")

    def _shop(self) -> None:
        t, before = self._call.t, self._before.get("shop", {})
        shop: dict[str, Any] = {}
        self.answers["shop"] = shop
        shop["name"] = self._ask(t("Naam van de winkel"), str(before.get("name", "")), self._by("shop", "name"))
        shop["country"] = self._choose(t("Land"), ("NL", "BE"), str(before.get("country", "NL")))
        shop["address"] = self._lines(t("Adres, een regel per keer; een lege regel is het eind"))
        vat_id = self._ask(t("Btw-nummer; Enter als het er nog niet is"), str(before.get("vat_id", "")), self._vat)
        if vat_id:
            shop["vat_id"] = vat_id
        till: dict[str, Any] = self._before.get("till", {})
        self.answers["till"] = {
            "id": self._ask(
                t("Naam van deze kassa, staat op elke bon"), str(till.get("id", "K1")), self._by("till", "id")
            ),
            "data": self._ask(t("Map voor de data"), str(till.get("data", DATA)), self._by("till", "data")),
        }
        for name in self._before.keys() & {"rules", "office", "webshop"}:
            self.answers[name] = self._before[name]

    def _lines(self, question: str) -> list[str]:
        lines: list[str] = []
        while line := self._ask(question if not lines else "  "):
            lines.append(line)
        return lines

    def _by(self, table: str, key: str) -> Callable[[str], str]:
        rule: Any = checks.TABLES[table][key]

        def check(answer: str) -> str:
            found = rule(answer)
            if not answer:
                found = checks.Wrong("missing")
            return self._call.words.problem(Problem("", "", found.code, found.facts)) if isinstance(
                found, checks.Wrong) else ""  # fmt: skip

        return check

    def _vat(self, answer: str) -> str:
        country = self.answers["shop"]["country"]
        if not answer or checks.vat_id(country, answer):
            return ""
        return self._call.words.problem(Problem("", "", "bad_vat_id", {"given": answer, "country": country}))

    def _device(self, role: str, title: str) -> None:
        """A device of a role, tried until it works or the person goes on without."""
        none, learn = self._call.t("geen"), self._call.t(LEARN)
        while True:
            more = (learn, none) if role == "scanner" else (none,)
            kind = self._choose(title, (*checks.KINDS[role], *more))
            if kind == none or (kind == learn and self._learn(role)):
                return
            if kind == learn:
                continue
            device = {"role": role, "kind": kind, **self._options(role, kind)}
            config = self._with(device)
            if config is not None and self._tried(config, config.devices[-1]):
                self.answers.setdefault("device", []).append(device)
                return
            if config is not None and not self._yes(self._call.t("Opnieuw invullen?")):
                self.answers.setdefault("device", []).append(device)
                return

    def _learn(self, role: str) -> bool:
        """By using it; whether there is one now."""
        from kassa_tui.commands import devices
        from kassa_tui.services.devices import table_of

        heard = devices.hear(self._call, role, (), self._read)
        table = table_of(role, role, *heard) if heard else None
        if table is not None:
            self.learned.append(table)
        return table is not None

    def _options(self, role: str, kind: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for option, usual in checks.KINDS[role][kind].items():
            if usual is not ... and not (option == "path" and usual is None and kind == "evdev"):
                continue
            places = [str(path) for pattern in PLACES.get(role, ()) for path in _glob(pattern)]
            for place in places if option == "path" else ():
                self._call.say(f"  {place}")
            rule: Any = checks.OPTIONS[option]

            def check(answer: str, rule: Any = rule) -> str:
                given = rule(int(answer) if answer.isdigit() else answer) if answer else checks.Wrong("missing")
                return self._call.words.problem(Problem("", "", given.code, given.facts)) if isinstance(
                    given, checks.Wrong) else ""  # fmt: skip

            answer = self._ask(f"  {option}", places[0] if option == "path" and places else "", check)
            found[option] = int(answer) if answer.isdigit() else answer
        return found

    def _with(self, device: dict[str, Any]) -> Config | None:
        """The configuration so far and this device; None where it cannot be, which is said."""
        config = judged({**self.answers, "device": [*self.answers.get("device", []), device]}, self._path)
        if isinstance(config, Config):
            return config
        for problem in config:
            self._call.say("  " + self._call.words.problem(problem))
        return None

    def _tried(self, config: Config, device: Device) -> bool:
        t = self._call.t
        if (device.role == "printer" and device.kind != "screen") or (device.role, device.kind) == (
            "drawer",
            "printer",
        ):
            return self._paper(config, device.role == "drawer")
        if device.role == "scanner" and device.kind == "wedge":
            read = self._ask(t("Scan nu een artikel; Enter slaat over"))
            if read:
                self._call.say("  " + t("gelezen: {code}", code=plain(read)[:40]))
            return True
        found = machine.device(device)
        if found is None or found[0] == machine.OK:
            return True
        from kassa_tui.commands.doctor import FOUND

        self._call.say("  " + t(FOUND[f"device {found[1]}"], **found[2]))
        return False

    def _paper(self, config: Config, drawer: bool) -> bool:
        """A slip out of the printer, or the drawer open; whether the person saw it."""
        from kassa_tui.bootstrap import printer_options
        from kassa_tui.domain.document import Cut, Text
        from kassa_tui.hardware.receipt_printer import ReceiptPrinter
        from kassa_tui.services import files

        t, options = self._call.t, printer_options(config)
        if options is None:
            self._call.say("  " + t("de lade hangt aan de bonprinter, en die is er niet"))
            return False
        slip = (Text(config.shop.name, bold=True), Text(t("Proefbon van kassa {till}", till=config.till.id)), Cut())
        with files.private_folder() as folder:
            printer = ReceiptPrinter(options, Path(folder))
            try:
                refused = printer.kick() if drawer else printer.send(slip)
            finally:
                printer.close()
        if refused is not None:
            self._call.say("  " + self._call.words.outcome(refused))
            return False
        return self._yes(t("Ging de lade open?") if drawer else t("Kwam er een proefbon uit?"))

    def _staff(self) -> Iterable[dict[str, str]]:
        t = self._call.t
        number = 1
        while name := self._ask(t("Naam van een medewerker; Enter als iedereen er is")):
            role = self._choose(t("Rol"), STAFF_ROLES, "manager" if number == 1 else "cashier")
            yield {"code": str(number), "name": name, "role": role, "pin": self._ask(t("Pincode"), "", self._pin)}
            number += 1

    def _pin(self, answer: str) -> str:
        right = answer.isascii() and answer.isdigit() and 4 <= len(answer) <= 8
        return "" if right else self._call.t("4 tot 8 cijfers")


def _settings(path: Path) -> dict[str, Any]:
    """What stood in the file before, for the usual answers; nothing where it is not there or wrong."""
    from kassa_tui.config import read_toml

    try:
        load(path)
        return read_toml(path)
    except ConfigError:
        return {}


def _glob(pattern: str) -> list[Path]:
    return sorted(Path("/").glob(pattern.lstrip("/")))
