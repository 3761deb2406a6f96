"""The sell view: what lies on the counter, one entry line, the total."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.catalogue import KG
from kassa_tui.domain.money import euro, parse_amount
from kassa_tui.domain.outcome import Refused
from kassa_tui.domain.quantity import format_quantity, parse_quantity
from kassa_tui.domain.ticket import Ticket, total_of
from kassa_tui.messages import N_
from kassa_tui.screens import sell_acts
from kassa_tui.screens.amounts import amount_of, quantity_of
from kassa_tui.screens.base import View, lettered
from kassa_tui.screens.ink import ASK, BAD, BLANK, BOLD, FAINT, GOOD, HEAD, INFO, TEXT, Row
from kassa_tui.screens.text import big, cells, fit, plain, right, spread
from kassa_tui.screens.ticket_rows import TicketRows
from kassa_tui.services import checkout, discounts, selling

if TYPE_CHECKING:
    from kassa_tui.screens.desk import Desk

_RING = re.compile(r"([\d.,]+)@(.+)")
_PAPER_WIDTH = 44
_PRINT = N_("Bon afdrukken")


class SellView(View):
    """Resident; reads the till, keeps only what the till does not know: entry, selection, window."""

    keys = (
        "help", "search", "pay", "pin", "cash", "return", "functions", "park", "recall", "discount", "price",
        "customer", "lock",
    )  # fmt: skip
    midway = ("times", "group")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._rows = TicketRows()
        self._selected = 0
        """Number of the chosen line; 0 follows the last one."""
        self._top, self._ticket_id, self._count = 0, "", 0

    @property
    def title(self) -> str:
        """Nothing: the header has the shop."""
        return ""

    @property
    def selected(self) -> int:
        """Number of the line that an act is about; 0 on an empty ticket."""
        ticket = self.desk.till.ticket if self.desk.till else None
        if ticket is None or not ticket.lines:
            return 0
        if self._selected and ticket.line(self._selected):
            return self._selected
        return next((line.no for line in reversed(ticket.lines) if not line.parent), ticket.lines[-1].no)

    @staticmethod
    def _numbers(ticket: Ticket) -> list[int]:
        """Lines that can be chosen: a deposit goes with its article."""
        return [line.no for line in ticket.lines if not line.parent] or [line.no for line in ticket.lines]

    def lines(self, width: int, height: int) -> list[Row]:
        """The ticket with its total, or the sale just closed."""
        till = self.desk.till
        assert till is not None
        ticket = till.ticket
        if (ticket is None or not ticket.lines) and till.last_sale:
            return self._closed(till.last_sale, width, height)
        room = height - 3
        rows: list[Row] = [self._titles(width), *self._window(ticket, width, room - 1)]
        rows += [BLANK] * (room - len(rows))
        rows.append(self._question(width) if ticket and ticket.age_wanted else (("─" * width, FAINT),))
        return [*rows, self._hints(ticket, width), self._total(ticket, width)]

    def entry_row(self, width: int) -> Row:
        """The quantity or the tare that waits shows large before what is typed."""
        till = self.desk.till
        times = f" {format_quantity(till.quantity)} × " if till and till.quantity else ""
        if till and till.tare is not None:
            times += f" T {format_quantity(till.tare, KG)} "
        if times:
            return ((times, ASK), (fit(" " + self.entry + "_", width - len(times)), BOLD))
        return super().entry_row(width)

    def typed(self, character: str) -> bool:
        """Characters of a code; a letter answers an open question for an age."""
        ticket = self.desk.till.ticket if self.desk.till else None
        if not self.entry and ticket and ticket.age_wanted:
            answers = self._answers()
            at = lettered(map(self.desk.t, answers.values()), character)
            if at is not None:
                self.desk.act(selling.age, tuple(answers)[at])
                return True
        if not self.entry and self._unprinted() and lettered((self.desk.t(_PRINT),), character) is not None:
            sell_acts.copy(self)
            return True
        return super().typed(character)

    def scanned(self, code: str) -> bool:
        """A scan is a line, whatever stands in the entry line."""
        self._add(code, typed=False)
        return True

    def act(self, act: str) -> bool:
        """Keys of the sell view; see the help."""
        handler = getattr(self, f"_on_{act}", None)
        if handler is not None:
            handler()
            return True
        function = sell_acts.ACTS.get(act)
        if function is None:
            return False
        function(self)
        return True

    def _on_enter(self) -> None:
        text = self.take()
        if not text:
            return
        ring = _RING.fullmatch(text)
        if text.startswith("="):
            thousandths = quantity_of(self.desk, text[1:].strip())
            if thousandths is not None and self.chosen():
                self.desk.act(selling.set_quantity, self.selected, thousandths)
        elif ring:
            cents = parse_amount(ring[1])
            self.desk.act(selling.ring, cents or 0, ring[2].strip())
        else:
            self._add(text, typed=True)

    def chosen(self) -> bool:
        """Whether there is a line to do something with; says so where there is none."""
        if not self.selected:
            self.desk.tell(self.desk.words.outcome(Refused("no_ticket", {})), BAD, "refused")
        return self.selected != 0

    def _on_times(self) -> None:
        text = self.entry
        if parse_quantity(text) is None:
            if text and not text[0].isdigit():
                self.entry += "x"
            else:
                self.desk.tell(self.desk.t("Eerst het aantal, dan ×"), FAINT, "refused")
            return
        self.entry = ""
        thousandths = quantity_of(self.desk, text)
        if thousandths is not None:
            self.desk.act(selling.quantity, thousandths)

    def _on_set(self) -> None:
        self.entry = "="

    def _on_group(self) -> None:
        self.entry += "@"

    def _on_repeat(self) -> None:
        outcome = self.desk.act(selling.repeat)
        self._selected = 0
        if outcome.code == "weight_needed":
            sell_acts.ask_weight(self, str(outcome.facts["sku"]), outcome.facts)

    def _on_correct(self) -> None:
        till = self.desk.till
        if self.rub() or till is None:
            return
        if till.quantity:
            till.quantity = None
        elif self.selected:
            self.desk.act(selling.void, self.selected)
            self._selected = 0

    def _on_void(self) -> None:
        if self.chosen():
            sell_acts.void_with_reason(self, self.selected)

    def _on_up(self) -> None:
        self._move(-1)

    def _on_down(self) -> None:
        self._move(1)

    def _on_home(self) -> None:
        self._move(-100_000)

    def _on_end(self) -> None:
        self._move(100_000)

    def _on_page_up(self) -> None:
        self._move(-10)

    def _on_page_down(self) -> None:
        self._move(10)

    def _on_back(self) -> None:
        till = self.desk.till
        assert till is not None
        self.desk.tell("")
        if self.entry:
            self.entry = ""
        elif till.quantity or till.tare is not None:
            till.quantity = till.tare = None
        elif self._selected:
            self._selected = 0

    def _on_pay(self) -> None:
        self.desk.act(checkout.begin)

    def _on_cash(self) -> None:
        text = self.take()
        cents = amount_of(self.desk, text, tender=True) if text else None
        if not text or cents is not None:
            self.desk.act(checkout.cash, cents)

    def _on_pin(self) -> None:
        text = self.take()
        cents = amount_of(self.desk, text, tender=True) if text else None
        if not text or cents is not None:
            sell_acts.card(self.desk, cents)

    def _on_discount(self) -> None:
        text = self.take()
        given = discounts.parse_discount(text) if text else None
        if not self.chosen():
            return
        if given is not None:
            self.desk.act(discounts.on_line, self.selected, given)
        else:
            sell_acts.ask_discount(self)

    def _on_price(self) -> None:
        text = self.take()
        cents = amount_of(self.desk, text) if text else None
        if text and cents is not None and self.chosen():
            self.desk.act(selling.price, self.selected, cents)
        elif not text and self.chosen():
            sell_acts.ask_price(self)

    def _add(self, code: str, *, typed: bool) -> None:
        outcome = self.desk.act(selling.scan, code, typed)
        self._selected = 0
        if outcome.code == "weight_needed":
            sell_acts.ask_weight(self, code, outcome.facts)
        elif outcome.code == "is_receipt":
            sell_acts.receipt_scanned(self, str(outcome.facts["number"]))

    def _move(self, step: int) -> None:
        ticket = self.desk.till.ticket if self.desk.till else None
        if ticket is None or not ticket.lines:
            return
        numbers = self._numbers(ticket)
        at = numbers.index(self.selected) + step
        self._selected = numbers[max(0, min(at, len(numbers) - 1))]

    def _window(self, ticket: Ticket | None, width: int, room: int) -> list[Row]:
        """Lines that fit. A full window flips by half a page: scrolling would repaint every row at every scan."""
        if ticket is None:
            return []
        lines, chosen = ticket.lines, self.selected
        at = next((i for i, line in enumerate(lines) if line.no == chosen), 0) if self._selected else len(lines) - 1
        if ticket.id != self._ticket_id:
            self._ticket_id, self._top = ticket.id, max(0, len(lines) - room)
        if at >= self._top + room:
            self._top = at - room // 2
        elif at < self._top:
            self._top = max(0, at - room // 2)
        mark = self._selected
        return [self._rows.row(line, line.no == mark, width) for line in lines[self._top : self._top + room]]

    def _titles(self, width: int) -> Row:
        t = self.desk.t
        return ((right(t("Aantal"), 7) + " " + fit(t("Omschrijving"), width - 30) + right(t("Prijs"), 10)
                 + right(t("Bedrag"), 11) + " ", FAINT),)  # fmt: skip

    def _question(self, width: int) -> Row:
        from kassa_tui.domain.age import latest_birth_date

        till = self.desk.till
        assert till is not None
        assert till.ticket is not None
        age = till.ticket.age_wanted
        born = "-".join(reversed(latest_birth_date(till.today, age).split("-")))
        answers = "  ".join(map(self.desk.t, self._answers().values()))
        text = self.desk.t("{age}+: geboren op of vóór {born}?", age=age, born=born) + "  " + answers
        return ((fit(" " + text, width), ASK),)

    def _unprinted(self) -> bool:
        """The sale just closed has no paper yet, and the customer may ask for it."""
        till = self.desk.till
        sale = till.last_sale if till and till.ticket is None else None
        return bool(sale and sale.get("no_print"))

    def _answers(self) -> dict[str, str]:
        """Answers to the question for an age, as far as the shop takes them."""
        till = self.desk.till
        evident = till is not None and till.config.rules.age_evident
        return {answer: words for answer, words in sell_acts.AGE_ANSWERS.items() if evident or answer != "evident"}

    def _hints(self, ticket: Ticket | None, width: int) -> Row:
        t = self.desk.t
        if ticket is None:
            return ((fit(" " + t("Scan of typ een artikel"), width), FAINT),)
        parts = [self.desk.words.n("{n} regel", "{n} regels", sum(not line.parent for line in ticket.lines))]
        if ticket.customer:
            parts.append(t("klant {customer}", customer=plain(ticket.customer_name or ticket.customer)))
        if ticket.discount:
            parts.append(t("bonkorting {amount}", amount=euro(-self._off(ticket))))
        if ticket.note:
            parts.append(plain(ticket.note))
        return ((fit(" " + " · ".join(parts), width), FAINT),)

    @staticmethod
    def _off(ticket: Ticket) -> int:
        from kassa_tui.domain.ticket import shares_of

        return sum(shares_of(ticket))

    def _total(self, ticket: Ticket | None, width: int) -> Row:
        amount = euro(total_of(ticket) if ticket else 0)
        return ((spread(" " + self.desk.t("Totaal"), amount + " ", width), HEAD),)

    def _closed(self, sale: dict[str, Any], width: int, height: int) -> list[Row]:
        t = self.desk.t
        left = width - _PAPER_WIDTH if width >= 80 and self.desk.paper else width
        rows: list[Row] = [BLANK, ((f"  {plain(sale['number'])} {t('veilig')}", GOOD),), BLANK]
        rows.append(((fit(f"  {t('Totaal')}   {euro(sale['total'])}", left), TEXT),))
        for tender in sale["tenders"]:
            rows.append(((fit(f"  {t(TENDER_WORDS[tender['kind']])}   {euro(tender['amount'])}", left), TEXT),))
        if sale["rounding"]:
            rows.append(((fit(f"  {t('Afronding')}   {euro(sale['rounding'])}", left), TEXT),))
        rows += [BLANK, ((fit(f"  {t('Wisselgeld')}   {euro(sale['change'])}", left), BOLD),), BLANK]
        rows += [(("  " + line, BOLD),) for line in big(euro(sale["change"])[2:])]
        rows += [BLANK, ((fit("  " + t("Scan of typ het volgende artikel"), left), FAINT),)]
        if self._unprinted():
            rows += [BLANK, (("  ", TEXT), (f" {t(_PRINT)[0].upper()} ", ASK), (" " + t(_PRINT), TEXT))]
        if self.desk.drawer_open:
            rows += [BLANK, (("  ", TEXT), (f" {t('LADE OPEN')} ", ASK))]
        rows += [BLANK] * (height - len(rows))
        return self._beside(rows, left, height) if left < width else rows

    def _beside(self, rows: list[Row], left: int, height: int) -> list[Row]:
        """The paper that the printer on the screen has just put out, its end in sight."""
        paper = self.desk.paper[-height:]
        paper = [""] * (height - len(paper)) + paper
        found = []
        for row, line in zip(rows, paper, strict=False):
            used = sum(cells(text) for text, _ in row)
            found.append((*row, (" " * max(left - used, 0), TEXT), (fit(" " + line, _PAPER_WIDTH - 1), INFO)))
        return found


TENDER_WORDS = {
    "cash": N_("Contant"),
    "pin": N_("Pin"),
    "voucher": N_("Tegoedbon"),
    "account": N_("Op rekening"),
}
