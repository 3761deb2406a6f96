"""An order as the supplier gets it: CSV for his program, PDF for his printer."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _

from kassa_office.dashboard import formats
from kassa_office.dashboard.downloads import CONTROL, guarded
from kassa_office.stock.models import PurchaseOrder
from kassa_office.stock.orders import Received
from kassa_office.tills.models import Branch

NO_STORE = "private, no-store"


def order_csv(order: PurchaseOrder, lines: Sequence[Received]) -> HttpResponse:
    """One line an article: our order, the supplier's number, ours, name, quantity, packs."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
    writer.writerow([_("Bestelling"), _("Klantnummer"), _("Nummer leverancier"), _("Ons nummer"), _("Naam"),
                     _("Aantal"), _("Eenheid"), _("Verpakkingen")])  # fmt: skip
    for line in _ordered(lines):
        row = [order.number, order.supplier.customer_number, line.supplier_sku, line.sku, line.name,
               formats.quantity(line.ordered).replace(".", ""), line.unit, _packs(line)]  # fmt: skip
        writer.writerow([guarded(cell) for cell in row])
    return _file(file.getvalue().encode("utf-8-sig", "replace"), "text/csv; charset=utf-8", f"{order.number}.csv")


def order_pdf(order: PurchaseOrder, lines: Sequence[Received]) -> HttpResponse:
    """A4 with the addresses, the lines and the number on every page."""
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

    styles = getSampleStyleSheet()
    small = styles["BodyText"]
    rows: list[list[Any]] = [[_("Uw nummer"), _("Ons nummer"), _("Naam"), _("Aantal"), _("Verpakkingen")]]
    rows += [[_plain(line.supplier_sku), _plain(line.sku), Paragraph(_text(line.name), small),
              formats.quantity(line.ordered) + (" kg" if line.unit == "kg" else ""), _packs(line)]
             for line in _ordered(lines)]  # fmt: skip
    table = Table(rows, colWidths=[95, 80, 215, 60, 75], repeatRows=1)
    table.setStyle(TableStyle([
        ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"), ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.grey),
        ("ALIGN", (3, 0), (4, -1), "RIGHT"), ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]))  # fmt: skip
    about = "<br/>".join(_text(line) for line in _about(order) if line)
    title = Paragraph(_text(_("Bestelling %s") % order.number), styles["Title"])
    parts = [title, Paragraph(about, small), Spacer(1, 12), table]
    if order.note:
        parts += [Spacer(1, 12), Paragraph(_text(order.note), small)]
    file = io.BytesIO()
    SimpleDocTemplate(file, pagesize=A4, title=order.number, author=settings.OFFICE.name).build(
        parts, onFirstPage=_foot(order.number), onLaterPages=_foot(order.number)
    )
    return _file(file.getvalue(), "application/pdf", f"{order.number}.pdf")


def _foot(number: str) -> Any:
    def draw(canvas: Any, document: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.drawString(72, 36, f"{number}   {document.page}")

    return draw


def _about(order: PurchaseOrder) -> list[str]:
    branch: Branch = order.branch
    sent = formats.day(formats.local(order.sent_at).date()) if order.sent_at else _("concept, nog niet verstuurd")
    return [
        settings.OFFICE.name,
        _("Aan: %s") % order.supplier.name,
        _("Ons klantnummer: %s") % order.supplier.customer_number if order.supplier.customer_number else "",
        _("Leveren aan: %s")
        % ", ".join(filter(None, (branch.name, branch.street, f"{branch.postcode} {branch.city}"))),
        _("Datum: %s") % sent,
    ]


def _ordered(lines: Sequence[Received]) -> list[Received]:
    return [line for line in lines if line.ordered > 0]


def _packs(line: Received) -> str:
    whole = line.pack > 1000 and line.ordered % line.pack == 0
    return f"{line.ordered // line.pack} x {formats.quantity(line.pack)}" if whole else ""


def _plain(text: str) -> str:
    """Text that the built-in fonts have; what they lack is a question mark."""
    return CONTROL.sub("", text).encode("cp1252", "replace").decode("cp1252")


def _text(text: str) -> str:
    """The same for a paragraph, where markup would mean something."""
    return escape(_plain(text))


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = NO_STORE
    return response
