"""Every simulated PIN terminal by its kind, and what a till must be told to find it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Protocol

from kassa_tui.simulate.behaviour import Behaviour, Books

KINDS = ("zvt", "opi", "nexo", "mollie", "sumup")


class Simulator(Protocol):
    """A terminal that runs until it is closed."""

    behaviour: Behaviour
    books: Books
    port: int
    """0 where it is on a pseudo-terminal."""

    def close(self) -> None:
        """Switch it off; harmless when called again."""


def start(
    kind: str, behaviour: Behaviour, folder: Path, port: int = 0, *, serial: bool = False, call_back: int = 4102
) -> tuple[Simulator, dict[str, Any]]:  # fmt: skip
    """A running terminal, and the options under which a till of this ``kind`` finds it.

    Keys and certificates are left in ``folder``; ``call_back`` is the till's own port for OPI.
    """
    if kind == "zvt":
        from kassa_tui.simulate.zvt import ZvtSimulator

        zvt = ZvtSimulator(behaviour, port=port, serial=serial)
        where = {"path": zvt.path, "baud": 9600} if serial else {"host": "127.0.0.1", "port": zvt.port}
        return zvt, {**where, "password": "000000"}
    if kind == "opi":
        from kassa_tui.simulate.opi import OpiSimulator

        opi = OpiSimulator(behaviour, port=port, call_back=call_back)
        return opi, {"host": "127.0.0.1", "port": opi.port, "listen_port": call_back}
    if kind == "nexo":
        from kassa_tui.simulate.nexo import POI, NexoSimulator

        nexo = NexoSimulator(behaviour, port=port, folder=folder)
        keys = {"key_file": folder / "key.toml", "ca_file": folder / "ca.pem"}
        return nexo, {"host": "127.0.0.1", "port": nexo.port, "terminal": POI, **keys}
    from kassa_tui.simulate import cloud

    key_file = folder / "key.toml"
    _write(key_file, f'api_key = "{cloud.KEY}"\naffiliate_app = "kassa"\naffiliate_key = "simulated"\n')
    if kind == "mollie":
        mollie = cloud.MollieSimulator(behaviour, port=port)
        return mollie, {"terminal": "term_sim", "key_file": key_file, "url": mollie.url}
    sumup = cloud.SumUpSimulator(behaviour, port=port)
    return sumup, {"merchant": "MSIM", "terminal": "rdr_sim", "key_file": key_file, "url": sumup.url}


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
