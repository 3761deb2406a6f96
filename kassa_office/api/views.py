"""Views of the database for other programs' reports: Metabase, Power BI, a spreadsheet. Columns to be relied on.

They are made after each migration and taken away before it: a view would stand in the way of a table that changes. What
happened in a shop has its branch, so that who reads can be limited by it. Amounts are cents, quantities thousandths.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import connections, transaction

PREFIX = "report_"


class View(NamedTuple):
    """A view: where its rows come from, and its columns with what each is."""

    source: str
    columns: dict[str, tuple[str, str]]
    """Name → SQL, and a line for the documentation."""


_KEY = {
    "branch": ("branch", "code of the branch"),
    "till": ("till", "the till; OFFICE for what was done in the office"),
    "seq": ("seq", "number in the till's journal"),
    "day": ("day", "date on the shop's wall"),
}
_OF_LINE = {name: (f"l.{sql}", text) for name, (sql, text) in _KEY.items()}

VIEWS: dict[str, View] = {
    "report_sales": View(
        "sale",
        {
            **_KEY,
            "receipt": ("number", "number of the receipt"),
            "sold_at_ms": ("at", "UTC milliseconds since 1970"),
            "shift": ("z", "number of the shift"),
            "staff": ("who", "code of the person at the till"),
            "customer": ("customer", "code of the customer, or empty"),
            "channel": ("channel", "till, or the name of the webshop"),
            "total_cents": ("total", "to pay, VAT and deposits included"),
            "turnover_cents": ("turnover", "without deposits and vouchers sold, VAT included"),
            "discount_cents": ("discount", "discounts given"),
            "rounding_cents": ("rounding", "rounding of cash"),
            "lines": ("lines", "number of lines"),
        },
    ),
    "report_sale_lines": View(
        "sale_line l LEFT JOIN catalogue_article a ON a.sku = l.sku",
        {
            **_OF_LINE,
            "line": ("l.no", "number of the line"),
            "kind": ("l.kind", "sale, return, group, deposit, voucher"),
            "article": ("l.sku", "article number"),
            "name": ("coalesce(a.name, '')", "name of the article today"),
            "product_group": ("l.grp", "product group when it was sold"),
            "qty_thousandths": ("l.qty", "quantity; below zero for a return"),
            "amount_cents": ("l.amount", "paid for it, VAT included, after every discount"),
            "vat_code": ("l.vat_code", "VAT code"),
            "vat_rate": ("l.rate", "hundredths of a percent"),
            "vat_cents": ("l.vat", "the VAT in it"),
            "cost_cents": ("l.cost", "purchase value without VAT; empty where unknown"),
        },
    ),
    "report_payments": View(
        "payment",
        {
            **_KEY,
            "payment": ("no", "number of the payment"),
            "kind": ("kind", "cash, pin, voucher …"),
            "amount_cents": ("amount", "amount; change is cash below zero"),
        },
    ),
    "report_z": View(
        "z_report",
        {
            **_KEY,
            "z": ("z", "number of the shift"),
            "closed_at_ms": ("at", "UTC milliseconds since 1970"),
            "staff": ("who", "code of the person who closed"),
            "turnover_cents": ("turnover", "turnover of the shift, VAT included"),
            "counted_cents": ("counted", "cash counted; empty where nobody did"),
            "difference_cents": ("difference", "counted less expected"),
        },
    ),
    "report_days": View(
        "day_total WHERE till <> ''",
        {
            "branch": ("branch", "code of the branch"),
            "till": ("till", "the till"),
            "day": ("day", "date on the shop's wall"),
            "kind": ("kind", "what is added up: sale is all of it; hour, staff, group, vat, tender …"),
            "part": ("key", "which hour, person, group, code:rate, tender"),
            "times": ("n", "tickets or times"),
            "qty_thousandths": ("qty", "quantity"),
            "amount_cents": ("amount", "VAT included"),
            "vat_cents": ("vat", "the VAT in it"),
            "cost_cents": ("cost", "purchase value of what has a known cost"),
        },
    ),
    "report_stock": View(
        "stock_level",
        {
            "branch": ("branch", "code of the branch"),
            "article": ("sku", "article number"),
            "qty_thousandths": ("qty", "what is there"),
            "changed_at_ms": ("at", "newest movement, UTC milliseconds since 1970"),
        },
    ),
    "report_articles": View(
        "catalogue_article a JOIN catalogue_group g ON g.id = a.group_id",
        {
            "article": ("a.sku", "article number"),
            "name": ("a.name", "name"),
            "product_group": ("g.name", "product group"),
            "vat_code": ("a.vat", "VAT code"),
            "unit": ("a.unit", "each or kg"),
            "active": ("a.active", "whether it is sold"),
        },
    ),
}


def statement(name: str) -> str:
    """What makes one view."""
    view = VIEWS[name]
    columns = ", ".join(f'{sql if "." in sql or "(" in sql else _quoted(sql)} AS "{column}"' for column, (sql, _text)
                        in view.columns.items())  # fmt: skip
    return f'CREATE VIEW "{name}" AS SELECT {columns} FROM {view.source}'


def before(using: str = "default", **_signal: Any) -> None:
    """Take them away."""
    with transaction.atomic(using), connections[using].cursor() as cursor:
        for name in VIEWS:
            cursor.execute(f'DROP VIEW IF EXISTS "{name}"')


def after(using: str = "default", **_signal: Any) -> None:
    """Make them, with what each column is where the database keeps such; nothing while tables are not there yet."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if not {"sale", "sale_line", "payment", "z_report", "day_total", "stock_level", "catalogue_article"} <= tables:
        return
    before(using)
    with transaction.atomic(using), connection.cursor() as cursor:
        for name, view in VIEWS.items():
            cursor.execute(statement(name))
            if connection.vendor == "postgresql":
                for column, (_sql, text) in view.columns.items():
                    cursor.execute(f'COMMENT ON COLUMN "{name}"."{column}" IS ' + "'" + text.replace("'", "''") + "'")


def _quoted(name: str) -> str:
    return f'"{name}"'
