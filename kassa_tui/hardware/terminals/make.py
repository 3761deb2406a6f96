"""From a ``[[device]]`` of the configuration to a terminal; what a kind needs is imported when it is configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kassa_tui.hardware.terminals.port import TerminalPort
from kassa_tui.hardware.traffic import Tap, nobody

if TYPE_CHECKING:
    from kassa_tui.hardware.terminals.port import Looking
    from kassa_tui.services.ports import CardTerminal


def make(kind: str, options: Mapping[str, Any], till: str, tap: Tap = nobody) -> CardTerminal:
    """The terminal of a kind of `config_checks.KINDS`; ``till`` is the till's id, ``tap`` hears its messages without
    what is in them about a card. Opens nothing yet."""
    if kind in ("standalone", "demo"):
        from kassa_tui.hardware.card_terminals import DemoTerminal, StandAlone

        return DemoTerminal() if kind == "demo" else StandAlone()
    return TerminalPort(driver(kind, options, till, tap))


def driver(kind: str, options: Mapping[str, Any], till: str, tap: Tap = nobody) -> Looking:
    """The protocol of a kind."""
    if kind == "zvt":
        from kassa_tui.hardware.terminals.zvt import ZvtDriver

        path = options.get("path")
        return ZvtDriver(
            host=options.get("host") or "", port=options["port"], path=str(path) if path else "", baud=options["baud"],
            password=int(options["password"]), currency=options["currency"], tap=tap,
        )  # fmt: skip
    if kind == "opi":
        from kassa_tui.hardware.terminals.opi import OpiDriver

        return OpiDriver(options["host"], options["port"], options["listen_port"], options["workstation"], tap=tap)
    if kind == "nexo":
        from kassa_tui.hardware.terminals.nexo import NexoDriver

        url = options.get("url") or f"https://{_host(options['host'])}:{options['port']}"
        return NexoDriver(url, options["terminal"], till, options["key_file"], options["ca_file"], tap=tap)
    if kind == "mollie":
        from kassa_tui.hardware.terminals.mollie import URL, MollieDriver

        return MollieDriver(options["terminal"], options["key_file"], options.get("url") or URL, tap=tap)
    from kassa_tui.hardware.terminals.sumup import URL as SUMUP_URL
    from kassa_tui.hardware.terminals.sumup import SumUpDriver

    url = options.get("url") or SUMUP_URL
    return SumUpDriver(options["merchant"], options["terminal"], options["key_file"], url, tap=tap)


def _host(name: str) -> str:
    """As it stands in a URL."""
    return f"[{name}]" if ":" in name else name
