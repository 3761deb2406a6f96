"""What a person at a shell is told when something fails: words instead of a traceback, and an exit code."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kassa_tui.config import ConfigError
from kassa_tui.domain.outcome import Refused

if TYPE_CHECKING:
    from kassa_tui.messages import Words

DONE, WRONG, MISUSE, UNREACHED, REFUSED = 0, 1, 2, 3, 4

_MISUSE = ("missing", "other_country", "not_a_journal", "backup_bad", "backup_other", "next_receipt_low",
           "next_receipt_needed")  # fmt: skip
_REFUSED = ("till_running", "database_newer", "journal_newer", "journal_other", "key_missing", "key_open", "key_bad",
            "key_other", "read_only", "no_access", "sync_running", "till_has_entries", "takeover_pending",
            "other_till_code", "token_missing", "token_open", "token_bad", "seq_taken")  # fmt: skip
_WRONG = ("damaged", "not_a_database", "journal_broken")


def explain(error: BaseException, words: Words) -> list[str]:
    """Lines for standard error; what nobody foresaw goes to the log with its trace, and the line says where that is."""
    if isinstance(error, ConfigError):
        return [words.problem(problem) for problem in error.problems]
    storage = _storage(error)
    if storage is not None:
        return [words.outcome(storage)]
    from kassa_tui import logs

    logging.getLogger("kassa").error("unforeseen", exc_info=error)
    what = f"{type(error).__name__}: {error}"[:200]
    return [words.t("Fout in het programma: {what}[; zie {log}]", what=what, log=logs.location())]


def exit_code(error: BaseException) -> int:
    """The exit code for an error: 1 wrong, 2 misuse, 3 not reached, 4 refused."""
    if isinstance(error, ConfigError):
        return MISUSE
    storage = _storage(error)
    if storage is None:
        return WRONG
    for codes, code in ((_MISUSE, MISUSE), (_REFUSED, REFUSED), (_WRONG, WRONG)):
        if storage.code in codes:
            return code
    return UNREACHED


def _storage(error: BaseException) -> Refused | None:
    from kassa_tui.storage.database import StorageError, translate

    if isinstance(error, OSError):
        error = translate(error, error.filename if isinstance(error.filename, str) else "")
    return Refused(error.code, error.facts) if isinstance(error, StorageError) else None
