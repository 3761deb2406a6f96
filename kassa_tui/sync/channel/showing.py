"""Orders to the tills: what is new after each turn, and everything when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kassa_tui.storage import web_orders
from kassa_tui.storage.web_orders import OrderRow
from kassa_tui.storage.web_state import WebState
from kassa_tui.sync.channel.board import OPEN_STAGES, shown
from kassa_tui.sync.channel.channel import Channel
from kassa_tui.sync.channel.ports import Board
from kassa_tui.sync.channel.settings import Settings

AT_ONCE = 200
DAY_MS = 86_400_000


class Shower:
    """Shows orders."""

    def __init__(
        self, settings: Settings, channel: Channel, state: WebState, board: Board, now: Callable[[], int]
    ) -> None:
        self._settings, self._channel, self._state, self._board, self._now = settings, channel, state, board, now

    def news(self, renamed: set[str]) -> int:
        """Show what changed since the last time, and orders of which only the name is another; how many."""
        con = self._channel.con
        rows = {row.id: row for row in web_orders.since(con, self._state.now.board_seq)}
        for order_id in sorted(renamed - rows.keys()):
            if row := web_orders.order(con, order_id):
                rows[order_id] = row
        if not rows:
            return 0
        self._show(rows.values())
        renamed.clear()
        self._state.now.board_seq = self._channel.last_seq
        self._state.save()
        return len(rows)

    def everything(self) -> int:
        """Show every order that is to be seen."""
        rows = [row for row in web_orders.since(self._channel.con, 0) if self._visible(row)]
        self._show(rows)
        return len(rows)

    def night(self) -> None:
        """Take those off the list that need not be seen any more."""
        oldest = self._oldest()
        gone = web_orders.ended(self._channel.con, OPEN_STAGES, self._state.now.board_from, oldest - 1)
        for start in range(0, len(gone), AT_ONCE):
            self._board.gone(gone[start : start + AT_ONCE])
        self._state.now.board_from = oldest
        self._state.save()

    def _show(self, rows: Iterable[OrderRow]) -> None:
        names = self._state.customers()
        seen = [row for row in rows if self._visible(row)]
        for start in range(0, len(seen), AT_ONCE):
            self._board.orders([
                shown(self._settings, row, web_orders.lines(self._channel.con, row.id), names.get(row.id, ("", "")))
                for row in seen[start : start + AT_ONCE]
            ])  # fmt: skip

    def _visible(self, row: OrderRow) -> bool:
        return row.stage in OPEN_STAGES or row.modified_at >= self._oldest()

    def _oldest(self) -> int:
        return self._now() - self._settings.board_days * DAY_MS
