"""What goes wrong with a PIN terminal: one exception, which never leaves the port."""

from __future__ import annotations

UNREACHABLE, LINE_LOST, TIMEOUT, GARBLED = "unreachable", "line_lost", "timeout", "garbled"
BUSY, UNSUPPORTED, DECLINED, ABORTED, CLOSED = "busy", "unsupported", "declined", "aborted", "closed"
KEY_FILE, KEY_REFUSED, UNTRUSTED, NEEDS_ORIGINAL = "key_file", "key_refused", "untrusted", "needs_original"
OTHER_AMOUNT, NOT_FOUND, FAULT = "other_amount", "not_found", "fault"
CODES = (
    UNREACHABLE, LINE_LOST, TIMEOUT, GARBLED, BUSY, UNSUPPORTED, DECLINED, ABORTED, CLOSED, KEY_FILE, KEY_REFUSED,
    UNTRUSTED, NEEDS_ORIGINAL, OTHER_AMOUNT, NOT_FOUND, FAULT,
)  # fmt: skip
"""Every value of ``code`` in the detail of a state; each has its words."""


class TerminalError(Exception):
    """A terminal that did not do what it was asked.

    ``sent`` says whether the order to charge may have reached it: only then is there any doubt.
    """

    def __init__(self, code: str, facts: dict[str, str] | None = None, *, sent: bool = False) -> None:
        super().__init__(code, facts or {})
        self.code, self.facts, self.sent = code, facts or {}, sent

    def after_sending(self) -> TerminalError:
        """The same, now that the order to charge is on its way."""
        return TerminalError(self.code, self.facts, sent=True)
