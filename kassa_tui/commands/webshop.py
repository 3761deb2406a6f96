"""``kassa webshop``: adding one, looking whether it answers, linking its products, and how it stands."""

from __future__ import annotations

import getpass
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.commands.dispatch import Call
from kassa_tui.domain.money import euro
from kassa_tui.domain.outcome import Refused
from kassa_tui.failures import DONE, MISUSE, REFUSED, UNREACHED
from kassa_tui.marking import N_
from kassa_tui.webshop_words import WEBSHOP_STATES, WEBSHOP_WHO, WEBSHOP_WORDS

if TYPE_CHECKING:
    from kassa_tui.config import Config, Webshop

CREDENTIALS = {
    "woocommerce": ("key", "secret"),
    "magento": ("consumer_key", "consumer_secret", "token", "token_secret"),
    "prestashop": ("key",),
}
SWITCHES = ("keys_in_url", "plain_permalinks", "post_instead_of_put", "legacy_stock")
ANSWER_SECONDS = 900.0
"""A shop with many products takes its time."""
SHOWN = 40
"""Rows of a list on a terminal; ``--json`` has them all."""
NEVER = WEBSHOP_STATES["new"]
DETAILS = {"price": N_("prijs"), "vat": N_("btw"), "ean": N_("streepjescode")}
_AWAY = frozenset({"unreachable", "timeout", "busy", "blocked", "not_json", "no_answer", "certificate"})


def add(call: Call) -> int:
    """Ask for the keys, try them, and only then write them down."""
    from kassa_tui.clock import SystemClock
    from kassa_tui.config import Webshop
    from kassa_tui.domain.shift import local_date
    from kassa_tui.sync.webshops import connect
    from kassa_tui.sync.webshops.access import Access, Options
    from kassa_tui.sync.webshops.base import WebshopError

    config, args = call.config(), call.args
    code = args.code or _free_code(config)
    if any(code == each.code for each in config.webshops):
        return call.refuse(Refused("webshop_twice", {"code": code}), MISUSE)
    keys = _keys(call, args.kind)
    options: dict[str, Any] = {name: True for name in SWITCHES if getattr(args, name)}
    try:
        connector = connect(Access(args.kind, args.url, keys, Path(args.ca) if args.ca else None, None,
                                   Options(**options)))  # fmt: skip
        try:
            facts = connector.check()
        finally:
            connector.close()
    except WebshopError as error:
        return _failed(call, {"error": error.code, "facts": error.facts})
    moment = SystemClock().now()
    made = Webshop(
        args.kind, args.url, args.name or facts.name or code, code, config.path.parent / f"webshop-{code.lower()}.key",
        args.owner or ("office" if config.office else config.till.id), Path(args.ca).absolute() if args.ca else None,
        orders_since=args.since or local_date(moment.at, moment.offset), options=options,
    )  # fmt: skip
    _said_of(call, facts)
    return _written(call, config, made, keys)


def check(call: Call) -> int:
    """Who the shop says it is, and whether its keys may do all that is needed."""
    found = _asked(call, "check", {})
    if isinstance(found, int):
        return found
    from kassa_tui.sync.webshops.base import ShopFacts

    call.show(found, _facts_text(call, ShopFacts(**{**found, "remarks": tuple(found.get("remarks", ()))})))
    return 1 if found.get("remarks") else DONE


def link(call: Call) -> int:
    """Link products to articles, or one product by hand."""
    args = call.args
    if args.product and not args.sku:
        call.complain(call.t("er ontbreekt iets: {what}", what="SKU"))
        return MISUSE
    if args.product:
        found = _asked(call, "link_one", {"product": args.product, "sku": args.sku, "by": _who()})
        if isinstance(found, int):
            return found
        if not found["done"]:
            return call.refuse(Refused("webshop_no_link", {"product": args.product, "sku": args.sku}), REFUSED)
        product, sku = found.get("product", args.product), found.get("sku", args.sku)
        text = call.t("{product} is nu {sku}", product=product, sku=sku)
        if args.product == "+":
            text += "\n" + call.t("Klanten zien het nog niet: maak het in de webshop af")
        call.show(found, text)
        return DONE
    found = _asked(call, "link", {"report": args.dry})
    if isinstance(found, int):
        return found
    call.show(found, _link_text(call, found))
    return 1 if found["ambiguous"] else DONE


def compare(call: Call) -> int:
    """Compare everything, put right what differs, and show the report."""
    return _reported(call, "compare")


def resync(call: Call) -> int:
    """Read every order again and write all stock again; nothing is booked twice."""
    return _reported(call, "resync")


def status(call: Call) -> int:
    """How each webshop stands; asks nobody."""
    from kassa_tui.clock import SystemClock
    from kassa_tui.sync.channel.channel import channel_folder
    from kassa_tui.sync.channel.status import read_status
    from kassa_tui.sync.webshop_worker import settings_of

    config, told, lines, at = call.config(), list[Any](), list[str](), SystemClock().now().at
    if not config.webshops:
        return call.refuse(Refused("webshop_none"), MISUSE)
    bad = False
    for webshop in config.webshops:
        lines.append(call.t("{name} ({code}), {kind}", name=webshop.name, code=webshop.code, kind=webshop.kind))
        if webshop.owner != config.till.id:
            told.append({"code": webshop.code, "owner": webshop.owner})
            lines.append("  " + call.t("Hiermee praat {owner}", owner=webshop.owner))
            continue
        found = read_status(channel_folder(config.till.data, webshop.code), settings_of(config, webshop, 0), at)
        if found is None:
            told.append({"code": webshop.code, "state": "new"})
            lines.append("  " + call.t(NEVER))
            continue
        bad = bad or found.state in ("silent", "failing", "stopped")
        told.append(asdict(found))
        lines += [f"  {line}" for line in _status_lines(call, found)]
    call.show(told, "\n".join(lines))
    return 1 if bad else DONE


def alone(call: Call, config: Config) -> int:
    """``kassa sync`` of a till without an office: its webshops only, until stopped, or one turn of each."""
    import signal

    from kassa_tui import bootstrap
    from kassa_tui.clock import SystemClock
    from kassa_tui.notify import READY, STOPPING, Notify
    from kassa_tui.services.setup import give_to_owner
    from kassa_tui.sync.webshop_worker import Workers, owned

    if not owned(config):
        return call.refuse(Refused("office_none"), MISUSE)
    bootstrap.init(config)
    if call.args.once:
        return max(_once(call, config, webshop) for webshop in owned(config))
    workers, ended, notify = Workers(config, SystemClock()), threading.Event(), Notify(os.environ)
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        workers.start()
        notify.tell(READY)
        ended.wait()
        notify.tell(STOPPING)
    finally:
        workers.close()
        for number, handler in before.items():
            signal.signal(number, handler)
        give_to_owner(config.till.data)
    return DONE


def _once(call: Call, config: Config, webshop: Webshop) -> int:
    from kassa_tui.clock import SystemClock
    from kassa_tui.sync.webshop_worker import Desk

    desk = Desk(config, webshop, SystemClock())
    try:
        desk.hear()
        turn = desk.turn()
        while turn.more and turn.error is None:
            turn = desk.turn()
    finally:
        desk.close()
    if turn.error is not None:
        return _failed(call, {"error": turn.error.code, "facts": turn.error.facts})
    call.say(call.t("{name}: bestellingen {orders}, voorraad bijgewerkt {written}", name=webshop.name,
                    orders=turn.orders, written=turn.written))  # fmt: skip
    return DONE


def _asked(call: Call, what: str, facts: dict[str, Any]) -> dict[str, Any] | int:
    """What came of it; an exit code where it did not go well, which was said."""
    from kassa_tui import bootstrap
    from kassa_tui.clock import SystemClock
    from kassa_tui.services.setup import give_to_owner
    from kassa_tui.sync.webshop_asks import ask, is_running, perform
    from kassa_tui.sync.webshop_worker import Desk, folder_of

    config = call.config()
    webshop = next((each for each in config.webshops if each.code == call.args.webshop), None)
    if webshop is None:
        known = ", ".join(each.code for each in config.webshops)
        return call.refuse(Refused("webshop_unknown", {"code": call.args.webshop, "known": known}), MISUSE)
    if webshop.owner != config.till.id:
        return call.refuse(Refused("channel_of_other", {"owner": webshop.owner}), REFUSED)
    bootstrap.init(config)
    folder = folder_of(config, webshop)
    if is_running(folder):
        found = ask(folder, what, facts, ANSWER_SECONDS)
    else:
        desk = Desk(config, webshop, SystemClock())
        try:
            desk.hear()
            found = perform(desk, what, facts)
        finally:
            desk.close()
            give_to_owner(config.till.data)
    return _failed(call, found) if "error" in found else found


def _reported(call: Call, what: str) -> int:
    found = _asked(call, what, {})
    if isinstance(found, int):
        return found
    lines = []
    if "orders" in found:
        lines.append(call.t("Bestellingen gelezen die anders waren: {n}", n=found["orders"]))
    lines += [
        call.t("Producten {products}, gekoppeld {linked}, nagekeken {read}", products=found["products"],
               linked=found["linked"], read=found["read"]),
        call.t("Voorraad anders: {different}, rechtgezet {fixed}, niet aangenomen {not_taken}",
               different=found["different"], fixed=found["fixed"], not_taken=found["not_taken"]),
        call.t("Nieuw te koppelen {new}, onduidelijk {ambiguous}, zonder artikel {unknown}, verdwenen {gone}",
               new=found["new"], ambiguous=found["ambiguous"], unknown=found["unknown"], gone=found["gone"]),
    ]  # fmt: skip
    lines += [f"  {row['product']}  {row['sku']}: {row['have']} -> {row['want']}"
              for row in found["differences"][:SHOWN]]  # fmt: skip
    if found["other_details"]:
        lines.append(call.t("Prijs, btw of streepjescode anders: {n}", n=found["other_details"]))
        lines += [_detail(call, row) for row in found["details"][:SHOWN]]
    call.show(found, "\n".join(lines))
    return 1 if found["not_taken"] else DONE


def _detail(call: Call, row: dict[str, Any]) -> str:
    ours, theirs = (euro(row[name]) if row["what"] == "price" else row[name] or "-" for name in ("ours", "theirs"))
    name = DETAILS[row["what"]]
    return "  " + call.t("{product}  {sku}: {what}, wij {ours}, de webshop {theirs}", product=row["product"],
                         sku=row["sku"], what=call.t(name), ours=ours, theirs=theirs)  # fmt: skip


def _failed(call: Call, found: dict[str, Any]) -> int:
    code = str(found["error"])
    call.complain(_words(call, code, dict(found.get("facts", {}))))
    return UNREACHED if code in _AWAY else REFUSED


def _words(call: Call, code: str, facts: dict[str, Any]) -> str:
    if code in WEBSHOP_WORDS:
        return call.t(WEBSHOP_WORDS[code], **facts)
    return call.words.outcome(Refused(code, facts))


def _said_of(call: Call, facts: Any) -> None:
    if not call.json:
        call.say(_facts_text(call, facts))


def _facts_text(call: Call, facts: Any) -> str:
    lines = [call.t("De webshop antwoordt: {name} {version}", name=facts.name, version=facts.version)]
    if facts.timezone:
        lines.append(call.t("Tijdzone {zone}, munt {currency}", zone=facts.timezone, currency=facts.currency))
    lines += [call.t("Let op: {what}", what=_words(call, code, dict(about))) for code, about in facts.remarks]
    return "\n".join(lines)


def _link_text(call: Call, found: dict[str, Any]) -> str:
    lines = [call.t("Producten {products}: al gekoppeld {kept}, nu gekoppeld {linked}", products=found["products"],
                    kept=found["kept"], linked=len(found["linked"]))]  # fmt: skip
    titles = {
        "ambiguous": call.t("Onduidelijk, zeg zelf welk artikel het is: kassa webshop link CODE PRODUCT SKU"),
        "unknown": call.t("Geen artikel voor (kassa webshop link CODE PRODUCT + maakt er een)"),
        "unsold": call.t("Niet in de webshop (kassa webshop link CODE + SKU zet het erin)"),
        "gone": call.t("Verdwenen uit de webshop"),
    }  # fmt: skip
    for kind, title in titles.items():
        rows = found[kind]
        if rows:
            lines.append(f"{title} ({len(rows)}):")
            lines += [f"  {row.get('id', row.get('product'))}  {row['sku']}  {row['name']}"
                      f"  {' '.join(row.get('candidates', ()))}".rstrip() for row in rows[:SHOWN]]  # fmt: skip
    return "\n".join(lines)


def _status_lines(call: Call, found: Any) -> list[str]:
    from kassa_tui.clock import SystemClock
    from kassa_tui.domain.shift import local_date, local_time

    moment = SystemClock().now()

    def when(at: int) -> str:
        return f"{local_date(at, moment.offset)} {local_time(at, moment.offset):%H:%M}" if at else "-"

    lines = [call.t(WEBSHOP_STATES[found.state], since=when(found.since), last=when(found.last_success))]
    if found.why:
        lines.append(_words(call, found.why, found.facts))
    if found.who != "nobody":
        lines.append(call.t(WEBSHOP_WHO[found.who]))
    lines.append(call.t("Open bestellingen {orders}, gekoppeld {links}, onduidelijk {ambiguous}", orders=found.orders,
                        links=found.links, ambiguous=found.ambiguous))  # fmt: skip
    if found.waiting or found.failed:
        lines.append(call.t("Wacht op de webshop: {waiting}, geweigerd: {failed}", waiting=found.waiting,
                            failed=found.failed))  # fmt: skip
    lines += [call.t("Let op: {what}", what=_words(call, note.code, note.facts)) for note in found.findings[:SHOWN]]
    if found.compared_at:
        lines.append(call.t("Laatst vergeleken {when}", when=when(found.compared_at)))
    return lines


def _keys(call: Call, kind: str) -> dict[str, str]:
    """From a file, from the environment, or typed without showing."""
    names = CREDENTIALS[kind]
    if call.args.keys:
        from kassa_tui.sync.webshops.keyfile import read_keys

        return read_keys(Path(call.args.keys))
    found = {}
    for name in names:
        question = f"{name}: "
        if sys.stdin.isatty():
            found[name] = getpass.getpass(question).strip()
        else:
            found[name] = sys.stdin.readline().strip()
    return found


def _written(call: Call, config: Config, made: Webshop, keys: dict[str, str]) -> int:
    from kassa_tui.services.setup import give_file
    from kassa_tui.sync.enrol import put_tables
    from kassa_tui.sync.webshops.keyfile import write_keys

    assert made.key_file is not None
    write_keys(made.key_file, keys)
    give_file(made.key_file, config.till.data)
    table: dict[str, Any] = {
        "kind": made.kind, "url": made.url, "name": made.name, "code": made.code, "key_file": str(made.key_file),
        "owner": made.owner, "orders_since": made.orders_since,
    }  # fmt: skip
    if made.ca_file:
        table["ca_file"] = str(made.ca_file)
    if made.options:
        table["options"] = dict(made.options)
    text = put_tables(config.path, {"webshop": [table]})
    if text:
        call.say(call.t("Zet dit zelf in {path}, de kassa mag daar niet schrijven:", path=config.path))
        call.say(text)
    else:
        call.say(call.t("Toegevoegd als {code}; nu koppelen: kassa webshop link {code}", code=made.code))
    return DONE


def _free_code(config: Config) -> str:
    taken = {each.code for each in config.webshops} | {config.till.id}
    return next(code for code in ("WEB", *(f"WEB{number}" for number in range(2, 99))) if code not in taken)


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
