"""``kassa-office webshop``: adding one, looking whether it answers, linking its products, and how it stands."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

WRONG, USAGE, UNREACHED, REFUSED = 1, 2, 3, 4
ANSWER_SECONDS = 900.0
SHOWN = 40


def webshop_arguments(parser: argparse.ArgumentParser) -> None:
    """``webshop add KIND URL``, ``check|compare|resync CODE``, ``link CODE [PRODUCT SKU]`` (``+`` for what is to be
    made, ``-`` to unlink), ``status``."""
    parser.add_argument("act", choices=("add", "check", "link", "status", "compare", "resync"))
    parser.add_argument("words", nargs="*", metavar="WAT", help="add: SOORT ADRES; anders de code van de webshop")
    parser.add_argument("--branch", default="", metavar="CODE", help="uit welk filiaal ze verkoopt (add)")
    parser.add_argument("--name", default="", metavar="NAAM")
    parser.add_argument("--code", default="", metavar="CODE", help="code in de boeken; anders WEB (add)")
    parser.add_argument("--keys", type=Path, metavar="FILE", help="bestand met de sleutels, in plaats van vragen")
    parser.add_argument("--dry", action="store_true", help="link: alleen laten zien")
    parser.add_argument("--json", action="store_true")
    parser.epilog = "Voorbeeld: kassa-office webshop add woocommerce https://winkel.example.nl --branch CENTRUM"


def webshop(options: argparse.Namespace) -> int:
    """Do it; 1 where something is to be seen to."""
    if options.act == "status":
        return _status(options)
    if options.act == "add":
        return _add(options)
    from kassa_office.webshops.models import Webshop

    found = Webshop.objects.filter(till=options.words[0] if options.words else "").first()
    if found is None:
        known = ", ".join(Webshop.objects.values_list("till_id", flat=True))
        print(_("Er is geen webshop %(code)s; wel: %(known)s")
              % {"code": " ".join(options.words[:1]), "known": known or "-"}, file=sys.stderr)  # fmt: skip
        return USAGE
    return _asked(options, found)


def _asked(options: argparse.Namespace, found: Any) -> int:
    from kassa_office.webshops import asking

    act, facts = options.act, dict[str, Any]()
    if act == "link" and len(options.words) == 3:
        act, facts = "link_one", {"product": options.words[1], "sku": options.words[2], "by": getpass.getuser()}
    elif act == "link":
        facts = {"report": options.dry}
    answer = asking.perform(found, act, facts, by="kassa-office", seconds=ANSWER_SECONDS)
    if why := asking.refusal(answer):
        print(why, file=sys.stderr)
        return REFUSED if answer["error"] in ("unauthorised", "channel_of_other", "channel_running") else UNREACHED
    if options.json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        print("\n".join(_lines(act, answer)))
    return WRONG if answer.get("ambiguous") or answer.get("not_taken") or answer.get("remarks") else 0


def _lines(act: str, answer: dict[str, Any]) -> list[str]:
    from kassa_office.webshops import words
    from kassa_office.webshops.asking import said

    if act == "check":
        return [f"{answer.get('name', '')} {answer.get('version', '')}",
                *(said(code, facts) for code, facts in answer.get("remarks", ()))]  # fmt: skip
    if act == "link_one":
        if not answer["done"]:
            return [_("Dat kan niet.")]
        return [f"{answer['product']} = {answer['sku']}" if "product" in answer else _("Gekoppeld.")]
    if act == "link":
        counts = {"products": answer["products"], "kept": answer["kept"], "linked": len(answer["linked"])}
        lines = [_("Producten %(products)d: al gekoppeld %(kept)d, nu gekoppeld %(linked)d") % counts]
        for row in (answer["ambiguous"] + answer["unknown"])[:SHOWN]:
            lines.append(f"  {row['id']}  {row['sku']}  {row['name']}  {' '.join(row['candidates'])}".rstrip())
        return lines
    counts = {name: answer[name] for name in ("products", "linked", "different", "fixed", "not_taken")}
    lines = [_("Producten %(products)d, gekoppeld %(linked)d; voorraad anders %(different)d, rechtgezet %(fixed)d,"
               " niet aangenomen %(not_taken)d") % counts]  # fmt: skip
    lines += [f"  {row['product']}  {row['sku']}: {row['have']} -> {row['want']}"
              for row in answer["differences"][:SHOWN]]  # fmt: skip
    lines += [f"  {row['product']}  {row['sku']}: {words.detail(row['what'])} {words.value(row['what'], row['ours'])}"
              f" / {words.value(row['what'], row['theirs'])}" for row in answer["details"][:SHOWN]]  # fmt: skip
    return lines


def _status(options: argparse.Namespace) -> int:
    from kassa_office.webshops import asking
    from kassa_office.webshops.models import OFFICE, Webshop

    told, bad = [], False
    for each in Webshop.objects.select_related("till__branch"):
        found = asking.status(each)
        bad = bad or (each.active and found is not None and found.state in ("silent", "failing", "stopped"))
        told.append(asdict(found) if found else {"code": each.till_id, "owner": each.owner})
        if not options.json:
            state = asking.state_of(found) if each.owner == OFFICE else _("hiermee praat %s") % each.owner
            print(f"{each.till_id}  {each.name} ({each.kind}): {state}")
    if options.json:
        print(json.dumps(told, ensure_ascii=False, default=str))
    return WRONG if bad else 0


def _add(options: argparse.Namespace) -> int:
    from kassa_office.tills.models import Branch
    from kassa_office.webshops import asking
    from kassa_tui.sync.webshops.base import WebshopError
    from kassa_tui.sync.webshops.keyfile import read_keys

    if len(options.words) != 2 or options.words[0] not in asking.CREDENTIALS:
        print(_("Noem de soort (%s) en het adres.") % ", ".join(asking.CREDENTIALS), file=sys.stderr)
        return USAGE
    kind, url = options.words
    branches = Branch.objects.filter(active=True)
    branch = branches.filter(code=options.branch).first() if options.branch else branches.first()
    if branch is None or (not options.branch and branches.count() > 1):
        print(_("Noem met --branch het filiaal waaruit de webshop verkoopt."), file=sys.stderr)
        return USAGE
    try:
        keys = read_keys(options.keys) if options.keys else _typed(asking.CREDENTIALS[kind])
        made, facts = asking.add(kind, url, keys, branch=branch, name=options.name, code=options.code,
                                 by="kassa-office")  # fmt: skip
    except WebshopError as error:
        print(asking.said(error.code, error.facts), file=sys.stderr)
        return UNREACHED
    except ValueError as error:
        print(asking.said(str(error), {"code": options.code or url}), file=sys.stderr)
        return USAGE
    print(f"{made.till_id}  {made.name}: {facts.name} {facts.version}")
    for code, about in facts.remarks:
        print(asking.said(code, about))
    print(_("Nu koppelen: kassa-office webshop link %s") % made.till_id)
    return 0


def _typed(names: tuple[str, ...]) -> dict[str, str]:
    if sys.stdin.isatty():
        return {name: getpass.getpass(f"{name}: ").strip() for name in names}
    return {name: sys.stdin.readline().strip() for name in names}
