"""The pages of a simulated shop for people: what there is, what was ordered, and buttons for customers and staff."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs

from kassa_tui.simulate.web import Asked
from kassa_tui.simulate.webshops.clerk import Clerk
from kassa_tui.simulate.webshops.server import Reply

SHOWN = 60
_HEAD = """<!DOCTYPE html><html lang="nl"><head><meta charset="utf-8"><title>Webwinkel</title>
<meta http-equiv="refresh" content="5"><meta name="viewport" content="width=device-width">
<style>body{font:16px system-ui;margin:2em;max-width:60em}table{border-collapse:collapse;width:100%}
td,th{padding:.3em .6em;border-bottom:1px solid #ccc;text-align:left}form{display:inline}.n{text-align:right}</style>
</head><body>"""


def page(clerk: Clerk, asked: Asked) -> Reply | None:
    """The page, or what a button does; None for everything that is the shop's own interface."""
    if asked.path == "/" and asked.method == "GET" and "rest_route" not in asked.query:
        return Reply(200, _page(clerk).encode(), kind="text/html; charset=UTF-8")
    if asked.path == "/winkel" and asked.method == "POST":
        facts = {name: values[0] for name, values in parse_qs(asked.body.decode("utf-8", "replace")).items()}
        try:
            told = _do(clerk, facts)
        except (ValueError, KeyError, StopIteration):
            return Reply(409, b"Dat kan niet\n", kind="text/plain; charset=UTF-8")
        return Reply(303, f"{told}\n".encode(), {"Location": "/"}, "text/plain; charset=UTF-8")
    return None


def _do(clerk: Clerk, facts: dict[str, str]) -> str:
    if "sku" in facts:
        return clerk.buy((facts["sku"], int(facts.get("n", "1"))), paid=facts.get("paid", "1") == "1")
    number = facts["order"]
    {"pay": clerk.pay, "cancel": clerk.cancel, "ship": clerk.finish}[facts["act"]](number)
    return number


def _page(clerk: Clerk) -> str:
    rows = [
        f"<tr><td>{escape(sku)}</td><td>{escape(clerk.names.get(sku, ''))}</td>"
        f'<td class="n">{clerk.shown(sku)}</td><td>'
        + _button("sku", sku, "Bestel, betaald", "paid", "1")
        + _button("sku", sku, "Bestel, niet betaald", "paid", "0")
        + "</td></tr>"
        for sku in list(clerk.products)[:SHOWN]
    ]
    orders = [
        f"<tr><td>{escape(number)}</td><td>{escape(status)}</td><td>"
        + "".join(_button("order", number, text, "act", act)
                  for act, text in (("pay", "Betaald"), ("cancel", "Annuleren"), ("ship", "Verzonden")))
        + "</td></tr>"
        for number, status in reversed(clerk.orders()[-SHOWN:])
    ]  # fmt: skip
    return (
        _HEAD + "<h1>Webwinkel</h1><h2>Bestellingen</h2><table><tr><th>Nummer</th><th>Status</th><th></th></tr>"
        + "".join(orders) + '</table><h2>Artikelen</h2><table><tr><th>SKU</th><th>Artikel</th><th class="n">Voorraad'
        + "</th><th></th></tr>" + "".join(rows) + "</table></body></html>"
    )  # fmt: skip


def _button(name: str, value: str, text: str, more: str, what: str) -> str:
    return (
        f'<form method="post" action="/winkel"><input type="hidden" name="{name}" value="{escape(value, quote=True)}">'
        f'<input type="hidden" name="{more}" value="{what}"><button>{escape(text)}</button></form> '
    )
