"""The office as one till sees it: :class:`OfficePort`, answered from this database.

The HTTP views are thin over it; simulations and tests use it without HTTP.
"""

from __future__ import annotations

from kassa_office.tills.models import Till
from kassa_tui.sync.codec import encode
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import (
    MAX_ENTRIES,
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


class OfficeForTill:
    """What one till, whose token was checked, may ask. Each method as in :class:`OfficePort`."""

    def __init__(self, till: Till, address: str = "") -> None:
        self.till, self._address = till, address

    def enrol(self, request: Enrol) -> Enrolled:
        """Become a till of the office."""
        from kassa_office.tills import enrolment

        return enrolment.enrol(request, self._address)

    def push(self, batch: Batch, raw: bytes | None = None, encoding: str = "identity") -> BatchAnswer:
        """Take journal entries in; ``raw`` is the batch as it came over a wire, in this encoding."""
        from kassa_office.journal import ingest

        if len(batch.entries) > MAX_ENTRIES:
            raise OfficeError("too_large", {"entries": len(batch.entries), "most": MAX_ENTRIES})
        self._own(batch.till)
        return ingest.push(self.till, batch, encode(batch) if raw is None else raw, encoding)

    def feed(self, cursor: int, limit: int = MAX_FEED_ROWS) -> FeedPage:
        """The catalogue's changes after ``cursor``."""
        from kassa_office.catalogue import feed

        return feed.page(self.till, cursor, max(1, min(limit, MAX_FEED_ROWS)))

    def snapshot(self) -> SnapshotInfo:
        """Which snapshot there is."""
        from kassa_office.catalogue import snapshot

        return snapshot.current(self.till)

    def snapshot_bytes(self, sha256: str, start: int = 0) -> bytes:
        """A piece of the snapshot's file."""
        from kassa_office.catalogue import snapshot

        return snapshot.read(self.till, sha256, start)

    def heartbeat(self, beat: Heartbeat) -> HeartbeatAnswer:
        """Hear how the till is."""
        from kassa_office.tills import heartbeat

        self._own(beat.till)
        return heartbeat.beat(self.till, beat)

    def journal(self, after: int) -> JournalPage:
        """The till's own journal."""
        from kassa_office.tills import shared

        return shared.journal(self.till, after)

    def receipt(self, number: str) -> ReceiptFound:
        """A receipt of any till."""
        from kassa_office.tills import shared

        return shared.receipt(self.till, number)

    def parked(self) -> list[ParkedTicket]:
        """Tickets set aside at the tills of this branch."""
        from kassa_office.tills import shared

        return shared.parked(self.till)

    def claim(self, ticket: str) -> ParkedTicket:
        """Take a parked ticket over."""
        from kassa_office.tills import shared

        return shared.claim(self.till, ticket)

    def voucher(self, number: str) -> Voucher:
        """A voucher's balance."""
        from kassa_office.tills import shared

        return shared.voucher(self.till, number)

    def hold(self, request: Hold) -> Answer:
        """Set an amount of a voucher aside."""
        from kassa_office.tills import shared

        return shared.hold(self.till, request)

    def claim_channel(self, request: ChannelClaim) -> Answer:
        """Be the one that talks to a webshop."""
        from kassa_office.webshops import claims

        return claims.claim(self.till, request)

    def of_channel(self, code: str) -> OfficeForTill:
        """The same for the journal of a channel that this till owns; OfficeError ``forbidden``."""
        from kassa_office.webshops import claims

        return OfficeForTill(claims.channel_of(self.till, code), self._address)

    def _own(self, till: str) -> None:
        """What is sent in another till's name is refused, and written down."""
        if till == self.till.code:
            return
        from kassa_office.staff.access import audit

        audit(self.till.code, "till.other", refused=True, said=till[:40].encode("ascii", "replace").decode())
        raise OfficeError("forbidden", {"till": self.till.code})
