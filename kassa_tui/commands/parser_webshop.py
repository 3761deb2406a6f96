"""The arguments of ``kassa webshop``."""

from __future__ import annotations

import argparse

from kassa_tui.commands.parser_parts import Group, as_json
from kassa_tui.messages import N_, Words


def _webshop_add(parser: argparse.ArgumentParser, spoken: Words) -> None:
    t = spoken.t
    parser.add_argument("kind", choices=("woocommerce", "magento", "prestashop"), help=t("soort webshop"))
    parser.add_argument("url", metavar="URL", help=t("adres van de webshop, zoals ze het zelf schrijft"))
    parser.add_argument("--name", default="", metavar="NAME", help=t("naam; anders zoals ze zichzelf noemt"))
    parser.add_argument("--code", default="", metavar="CODE", help=t("code in de boeken; anders WEB"))
    parser.add_argument("--owner", default="", metavar="WHO", help=t("wie ermee praat: office of de kassa"))
    parser.add_argument("--keys", metavar="FILE", help=t("bestand met de sleutels, in plaats van vragen"))
    parser.add_argument("--ca", metavar="FILE", help=t("PEM van wie het certificaat van de webshop gaf"))
    parser.add_argument("--since", default="", metavar="DATE", help=t("bestellingen vanaf deze dag"))
    parser.add_argument("--keys-in-url", action="store_true", help=t("sleutels in het adres (voor sommige hosters)"))
    parser.add_argument("--plain-permalinks", action="store_true", help=t("WordPress zonder leesbare adressen"))
    parser.add_argument("--post-instead-of-put", action="store_true", help=t("de hoster houdt PUT en PATCH tegen"))
    parser.add_argument("--legacy-stock", action="store_true", help=t("Magento zonder MSI"))
    as_json(parser, spoken)


def _webshop_one(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument("webshop", metavar="CODE", help=spoken.t("code van de webshop, zoals WEB"))
    as_json(parser, spoken)


def _webshop_link(parser: argparse.ArgumentParser, spoken: Words) -> None:
    t = spoken.t
    parser.add_argument("webshop", metavar="CODE", help=t("code van de webshop, zoals WEB"))
    parser.add_argument(
        "product",
        nargs="?",
        default="",
        metavar="PRODUCT",
        help=t("nummer van een product daar; + zet een artikel in de webshop"),
    )
    parser.add_argument(
        "sku",
        nargs="?",
        default="",
        metavar="SKU",
        help=t("ons artikel; - maakt los, + maakt een artikel van het product"),
    )
    parser.add_argument("--dry", action="store_true", help=t("alleen laten zien"))
    as_json(parser, spoken)


WEBSHOP: Group = (
    (
        "add",
        N_("Een webshop toevoegen: vraagt de sleutels en probeert ze."),
        "kassa webshop add woocommerce https://winkel.example.nl --name Webwinkel",
        _webshop_add,
    ),
    ("check", N_("Vragen wie de webshop is en of de sleutels alles mogen."), "kassa webshop check WEB", _webshop_one),
    (
        "link",
        N_("Producten van de webshop aan artikelen koppelen."),
        "kassa webshop link WEB --dry",
        _webshop_link,
    ),
    ("status", N_("Laten zien hoe het met elke webshop staat."), "kassa webshop status --json", as_json),
    (
        "compare",
        N_("Alles vergelijken en rechtzetten wat afwijkt."),
        "kassa webshop compare WEB",
        _webshop_one,
    ),
    (
        "resync",
        N_("Alle bestellingen opnieuw lezen en alle voorraad opnieuw schrijven."),
        "kassa webshop resync WEB",
        _webshop_one,
    ),
)
