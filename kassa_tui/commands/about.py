"""``kassa version``."""

from __future__ import annotations

from kassa_tui.commands.dispatch import Call
from kassa_tui.failures import DONE


def version(call: Call) -> int:
    """The program's version and what it runs on."""
    import platform
    import sqlite3
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        number = installed("kassa")
    except PackageNotFoundError:
        number = call.t("niet geïnstalleerd")
    facts = {"kassa": number, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    call.show(facts, f"kassa {number} (Python {facts['python']}, SQLite {facts['sqlite']})")
    return DONE
