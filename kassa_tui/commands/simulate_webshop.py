"""``kassa simulate woocommerce``, ``magento``, ``prestashop``: webshops that are programs, led by standard input."""

from __future__ import annotations

import csv
import re
import sys
import threading
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.commands.simulate import say
from kassa_tui.failures import DONE, MISUSE, UNREACHED

if TYPE_CHECKING:
    from kassa_tui.commands.dispatch import Call
    from kassa_tui.simulate.webshops.clerk import Clerk, Goods
    from kassa_tui.simulate.webshops.server import Fault

MAX_GOODS = 100_000
FAULTS = {
    "drop": ("drop", 0), "lost": ("lost", 0), "html": ("html", 0), "busy": ("status", 429), "down": ("status", 503),
    "gateway": ("gateway", 0), "redirect": ("redirect", 0), "cut": ("cut", 40),
}  # fmt: skip
"""Word → what happens to the next request."""
HELP = (
    "order SKU[=N] ... [unpaid] [ship] | pay N | cancel N | ship N | orders | stock [SKU] | "
    + " | ".join(FAULTS)
)  # fmt: skip


def simulate(call: Call, interrupted: threading.Event) -> int:
    """Run until interrupted; says what to write in ``till.toml``, and each request."""
    from functools import partial

    from kassa_tui.simulate.webshops import storefront
    from kassa_tui.simulate.webshops.clerk import KINDS
    from kassa_tui.simulate.webshops.server import Queue

    args, faults = call.args, Queue()
    start, clerk_kind = KINDS[args.kind]
    try:
        goods = list(_goods(Path(args.articles))) if args.articles else _demo()
    except (OSError, ValueError, KeyError) as error:
        call.complain(call.t("{what} is geen lijst van artikelen: {why}", what=args.articles, why=str(error)[:80]))
        return MISUSE

    def told(asked: Any, status: int) -> None:
        say(call, f"{asked.method} {asked.path} {status}")

    try:
        simulated = start(args.port, faults=faults, told=told if args.verbose else None)
    except OSError as error:
        call.complain(call.t("Poort {port} is niet vrij: {reason}", port=args.port, reason=error.strerror or ""))
        return UNREACHED
    clerk: Clerk = clerk_kind(simulated)
    clerk.fill(goods)
    simulated.server.page = partial(storefront.page, clerk)
    if args.dir:
        _keys(Path(args.dir), simulated)
    say(call, simulated.lines)
    for line in simulated.key_lines.splitlines():
        say(call, f"# {line}")
    say(call, f"# {HELP}\n")
    threading.Thread(target=_listen, args=(call, clerk, faults), daemon=True).start()
    try:
        interrupted.wait()
    finally:
        simulated.close()
    return DONE


def _listen(call: Call, clerk: Clerk, faults: Any) -> None:
    for line in sys.stdin:
        words = line.split()
        if words:
            try:
                text = obey(clerk, faults, words)
            except (ValueError, KeyError, StopIteration) as error:
                text = None if not str(error) else call.t("dat kan niet: {what}", what=str(error)[:60])
            say(call, call.t("onbekend: {what}", what=line.strip()[:40]) if text is None else text)


def obey(clerk: Clerk, faults: Any, words: list[str]) -> str | None:
    """Do what a line says, and what came of it; None where it says nothing known. ValueError, KeyError."""
    match words:
        case ["order", *rest] if rest:
            return _order(clerk, rest)
        case ["pay" | "cancel" | "ship" as verb, number]:
            {"pay": clerk.pay, "cancel": clerk.cancel, "ship": clerk.finish}[verb](number)
            return dict(clerk.orders()).get(number, "")
        case ["orders"]:
            return "\n".join(f"{number}  {status}" for number, status in clerk.orders())
        case ["stock"]:
            return "\n".join(f"{sku}  {clerk.shown(sku)}" for sku in list(clerk.products)[:40])
        case ["stock", sku]:
            return f"{sku}  {clerk.shown(sku)}"
        case [name, *times] if name in FAULTS and len(times) <= 1:
            faults.add(*[_fault(name)] * (int(times[0]) if times else 1))
            return name
    return None


def _fault(name: str) -> Fault:
    from kassa_tui.simulate.webshops.server import Fault

    what, number = FAULTS[name]
    return Fault(what, number)  # type: ignore[arg-type]


def _order(clerk: Clerk, words: list[str]) -> str:
    wanted = []
    for word in words:
        if word not in ("unpaid", "ship"):
            sku, _, pieces = word.partition("=")
            wanted.append((sku, int(pieces or 1)))
    number = clerk.buy(*wanted, pickup="ship" not in words, paid="unpaid" not in words)
    return f"{number}  {dict(clerk.orders()).get(number, '')}"


def _goods(path: Path) -> Any:
    """Articles of a file as ``kassa import articles`` takes it, in whole pieces; what is weighed is left out."""
    from kassa_tui.domain.money import parse_amount
    from kassa_tui.simulate.webshops.clerk import Goods

    text = path.read_text("utf-8-sig")
    rows = csv.DictReader(text.splitlines(), delimiter=";" if ";" in text.partition("\n")[0] else ",")
    for number, row in enumerate(rows):
        price = parse_amount(row["price"])
        if price is None or number >= MAX_GOODS:
            raise ValueError(f"{row['sku']}: {row['price']}")
        if row.get("unit") != "kg":
            ean = re.split(r"[|*]", row.get("gtin") or "")[0]
            rate = int(_number(row.get("vat") or "21") * 100)
            yield Goods(row["sku"], row["name"], price, rate, int(_number(row.get("stock") or "0")), ean)


def _number(text: str) -> Decimal:
    try:
        return Decimal(text.strip().rstrip("%").replace(",", "."))
    except InvalidOperation as error:
        raise ValueError(text) from error


def _demo() -> list[Goods]:
    """The articles of the demo shop."""
    from kassa_tui.bootstrap import DATA

    return list(_goods(DATA / "demo_articles.csv"))


def _keys(folder: Path, simulated: Any) -> None:
    from kassa_tui.sync.webshops.keyfile import write_keys

    write_keys(folder / "webshop.key", dict(simulated.credentials))
