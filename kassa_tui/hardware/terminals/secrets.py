"""Keys and passphrases of terminals: in a file of their own that only the till may read, never in ``till.toml``."""

from __future__ import annotations

from pathlib import Path

from kassa_tui.hardware.terminals.errors import KEY_FILE, TerminalError

OPEN = 0o077
"""Rights that nobody but the till may have."""


def read(path: Path, wanted: tuple[str, ...]) -> dict[str, str]:
    """The keys of a TOML file; TerminalError ``key_file`` where it is not there, open to others, broken, or lacks one
    that is ``wanted``."""
    import tomllib

    try:
        mode = path.stat().st_mode
        found = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        # The error's own text may quote the file.
        raise TerminalError(KEY_FILE, {"reason": f"{path.name}: {type(error).__name__}"}) from None
    if mode & OPEN:
        raise TerminalError(KEY_FILE, {"reason": f"{path.name}: chmod 600"})
    keys = {key: str(value) for key, value in found.items() if isinstance(value, str | int)}
    missing = [key for key in wanted if not keys.get(key)]
    if missing:
        raise TerminalError(KEY_FILE, {"reason": f"{path.name}: {', '.join(missing)}"})
    return keys
