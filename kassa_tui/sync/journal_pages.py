"""A journal as the office has it, page by page, for a machine that takes over where another was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from kassa_tui.domain.journal import Entry
from kassa_tui.storage.journal import Keys
from kassa_tui.sync.codec import WireError, from_wire
from kassa_tui.sync.port import OfficeError, OfficePort


def journal_pages(port: OfficePort, till: str, high: list[int]) -> Iterator[tuple[Sequence[Entry], Keys]]:
    """All of the journal that the office has; ``high`` becomes the last number that it knows of."""
    after = 0
    while True:
        page = port.journal(after)
        high[0] = max(high[0], page.high)
        if not page.entries:
            return
        try:
            entries = [from_wire(entry, till) for entry in page.entries]
            keys = [(key.first, bytes.fromhex(key.public_key)) for key in page.keys]
        except (WireError, ValueError) as error:
            raise OfficeError("bad_answer", {"detail": str(error)[:80]}) from error
        numbers = [after, *(entry.seq for entry in entries)]
        if any(first >= second for first, second in pairwise(numbers)):
            raise OfficeError("bad_answer", {"detail": "journal out of order"})
        after = entries[-1].seq
        yield entries, keys
