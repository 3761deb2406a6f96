"""What the channel's engine asks of the office: stock, what tills are shown, and where its journal goes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Max, Sum
from django.utils import timezone

from kassa_office.catalogue import feed
from kassa_office.catalogue.feed_models import FeedRow
from kassa_office.stock.models import StockLevel
from kassa_office.tills.models import Branch, Till
from kassa_office.tills.port import OfficeForTill
from kassa_office.webshops.models import Webshop
from kassa_tui.storage.database import StorageError
from kassa_tui.storage.sync_state import SyncState
from kassa_tui.sync.channel.ports import BoardRow
from kassa_tui.sync.outbox import Outbox
from kassa_tui.sync.port import OfficeError

AT_ONCE = 500


def folder_of(code: str) -> Path:
    """Where the office keeps a channel."""
    from kassa_tui.sync.channel.channel import channel_folder

    return channel_folder(Path(settings.OFFICE.data), code)


class OfficeShelf:
    """What lies in the branches that the webshop sells from, as far as the tills have told."""

    def __init__(self, webshop: Webshop) -> None:
        branch = str(webshop.till.branch_id)
        every = Branch.objects.filter(active=True).order_by("code").values_list("code", flat=True)
        self._branches = list(every) if webshop.all_branches else [branch]

    def physical(self, skus: Iterable[str]) -> dict[str, int | None]:
        """Thousandths of each; web shipments are movements like any other."""
        wanted = list(skus)
        found: dict[str, int | None] = dict.fromkeys(wanted)
        for first in range(0, len(wanted), AT_ONCE):
            part = StockLevel.objects.filter(branch__in=self._branches, sku__in=wanted[first : first + AT_ONCE])
            found |= dict(part.values("sku").annotate(all=Sum("qty")).values_list("sku", "all"))
        return found

    def changed(self, mark: int) -> tuple[set[str] | None, int]:
        """Articles with a movement since ``mark``, the time of the newest one that was seen.

        What comes in late carries the time of its till: an hour is looked back, and at night at everything.
        """
        levels = StockLevel.objects.filter(branch__in=self._branches)
        newest = levels.aggregate(at=Max("at"))["at"] or 0
        if mark <= 0:
            return None, newest
        return set(levels.filter(at__gt=mark - LATE_MS).values_list("sku", flat=True)), max(newest, mark)

    def silent_seconds(self) -> int:
        """Of the till that was not heard for longest and has its drawer open: its sales are not in."""
        now, longest = timezone.now(), 0
        tills = Till.objects.filter(branch__in=self._branches, active=True).exclude(token_hash="")
        for till in tills.select_related("state"):
            state = getattr(till, "state", None)
            if state is not None and state.z:
                longest = max(longest, int((now - state.at).total_seconds()))
        return longest


LATE_MS = 3_600_000


class OfficeBoard:
    """Shows orders to the tills of the webshop's branch, or of all, through the feed."""

    def __init__(self, webshop: Webshop) -> None:
        self._code, self._name = str(webshop.till_id), webshop.name
        self._scope = scope_of(webshop)

    def orders(self, rows: Sequence[BoardRow]) -> None:
        """Orders that are new or other than before."""
        feed.put_many(self._scope, "weborder", ((f"{self._code}:{row['id']}", dict(row)) for row in rows))

    def gone(self, ids: Sequence[str]) -> None:
        """Orders that are not shown any more."""
        for order_id in ids:
            feed.drop(self._scope, "weborder", f"{self._code}:{order_id}")

    def stock(self, rows: Sequence[tuple[str, int, int]]) -> None:
        """What the webshop shows, beside what the branches have."""
        if rows:
            feed.put("all", "branch", self._code, {"name": self._name})
        feed.put_many("all", "stock", ((f"{self._code}:{sku}", {"qty": qty, "at": at}) for sku, qty, at in rows))


def scope_of(webshop: Webshop) -> str:
    """Whose tills are shown its orders."""
    return "all" if webshop.all_branches else f"branch:{webshop.till.branch_id}"


def move_board(webshop: Webshop) -> int:
    """Show the orders to the tills that should see them from now on, and take them from others; how many."""
    feed.publish()
    shown = FeedRow.objects.filter(table="weborder", key__startswith=f"{webshop.till_id}:", op="put")
    rows = list(shown.exclude(scope=scope_of(webshop)).values_list("scope", "key", "data"))
    # Gone first: a till that hears both keeps what it hears last.
    for scope, key, _data in rows:
        feed.drop(scope, "weborder", key)
    feed.put_many(scope_of(webshop), "weborder", ((key, json.loads(data)) for _scope, key, data in rows))
    return len(rows)


class OwnJournal:
    """The channel's journal into the office's own books, by the road that every till's takes."""

    def __init__(self, webshop: Webshop, now: Any) -> None:
        code = str(webshop.till_id)
        self._state = SyncState(folder_of(code))
        self._outbox = Outbox(folder_of(code), code, self._state, "", now)
        self._port = OfficeForTill(webshop.till)

    def journal(self) -> None:
        """Take in all that is new; StorageError where that must wait: it stays in the journal."""
        try:
            while self._outbox.push(self._port):
                continue
        except OfficeError as error:
            raise StorageError(error.code, error.facts) from error
        except DatabaseError as error:
            raise StorageError("busy", {"detail": str(error)[:200]}) from error

    def close(self) -> None:
        """Let go of the files."""
        self._outbox.close()
        self._state.close()
