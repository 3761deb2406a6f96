"""The one protocol between till and office, implemented by the till's client and by the office itself."""

from __future__ import annotations

from typing import Any, Protocol

from kassa_tui.sync.wire import (
    MAX_FEED_ROWS,
    Answer,
    Batch,
    BatchAnswer,
    ChannelClaim,
    Enrol,
    Enrolled,
    FeedPage,
    Heartbeat,
    HeartbeatAnswer,
    Hold,
    JournalPage,
    ParkedTicket,
    ReceiptFound,
    SnapshotInfo,
    Voucher,
)


class OfficePort(Protocol):
    """The office as a till sees it: what the client implements over HTTP, and the office within one process.

    Every method may raise :class:`OfficeError`.
    """

    def enrol(self, request: Enrol) -> Enrolled:
        """Become a till of the office; needs no token."""

    def push(self, batch: Batch) -> BatchAnswer:
        """Send journal entries."""

    def feed(self, cursor: int, limit: int = MAX_FEED_ROWS) -> FeedPage:
        """The catalogue's changes after ``cursor``; OfficeError ``cursor_gone`` where only a snapshot will do."""

    def snapshot(self) -> SnapshotInfo:
        """Which snapshot there is for this till's branch; made where there is none."""

    def snapshot_bytes(self, sha256: str, start: int = 0) -> bytes:
        """The snapshot's file from byte ``start`` on, at most ``MAX_BODY_BYTES`` of it."""

    def heartbeat(self, beat: Heartbeat) -> HeartbeatAnswer:
        """Say how the till is."""

    def journal(self, after: int) -> JournalPage:
        """The till's own journal after ``seq`` ``after``, at most ``MAX_ENTRIES`` of it."""

    def receipt(self, number: str) -> ReceiptFound:
        """A receipt of any till; OfficeError ``unknown``."""

    def parked(self) -> list[ParkedTicket]:
        """Tickets set aside at the tills of this branch, without their drafts."""

    def claim(self, ticket: str) -> ParkedTicket:
        """Take a parked ticket over; OfficeError ``claimed`` where another till has it, ``gone`` where nobody has."""

    def voucher(self, number: str) -> Voucher:
        """A voucher's balance; OfficeError ``unknown``."""

    def hold(self, request: Hold) -> Answer:
        """Set an amount of a voucher aside; ``amount`` 0 lets it go."""


class ChannelPort(Protocol):
    """The office as the owner of a webshop sees it."""

    def claim_channel(self, request: ChannelClaim) -> Answer:
        """Be the one that talks to a webshop; OfficeError ``channel_taken`` (facts ``owner``) where another is."""


class OfficeError(Exception):
    """The office could not be asked, or refused.

    ``code`` is that of a :class:`Problem`, or ``unreachable``, ``timeout``, ``certificate``, ``bad_answer``,
    ``redirect``.
    """

    def __init__(self, code: str, facts: dict[str, Any] | None = None, retry_after: int = 0) -> None:
        super().__init__(f"{code} {facts or {}}")
        self.code, self.facts, self.retry_after = code, facts or {}, retry_after


PERMANENT = frozenset({
    "unauthorised", "forbidden", "inactive", "other_schema", "certificate", "redirect", "code_used", "code_unknown",
    "code_expired", "other_till", "till_taken", "channel_taken", "bad_key",
})  # fmt: skip
"""Codes that time alone does not mend: a person must act."""
