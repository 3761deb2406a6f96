"""Which product is which article: certain ones by themselves, the rest by a person, and all of it in the journal."""

from __future__ import annotations

from kassa_tui.storage import web_values
from tests.sync.channel.small_shop import SmallConnector, SmallShop
from tests.sync.channel.stand import Stand, article


def test_by_sku_then_by_barcode_and_never_where_there_is_a_doubt(shop: SmallShop, stand: Stand) -> None:
    for sku, code in (("D", "8710400280507"), ("E", "8711000000001"), ("F", "8711000000001"), ("G", "8712000000008")):
        stand.catalogue.articles[sku] = article(sku, code)
    shop.product("10", "", 0, ean="8710400280507")
    shop.product("11", "", 0, ean="8711000000001")
    shop.product("12", "G", 0)
    shop.product("13", "G", 0)
    shop.product("14", "D", 0, ean="8712000000008")
    shop.product("15", "VREEMD", 0)
    looked = stand.engine.link(report=True)
    assert stand.state.links().keys() == {"1", "2", "3"}
    done = stand.engine.link()
    assert looked.linked == done.linked
    assert {(x.product, x.sku, x.how) for x in done.linked} == {("10", "D", "ean")}
    assert {x.id: x.candidates for x in done.ambiguous} == {
        "11": ("E", "F"), "12": ("G",), "13": ("G",), "14": ("D", "G")}  # fmt: skip
    assert [x.id for x in done.unknown] == ["15"]
    assert {x.id for x in done.unsold} == {"E", "F", "G"}
    status = stand.engine.status()
    assert (status.links, status.ambiguous, status.unknown, status.unsold) == (4, 4, 1, 3)


def test_two_products_with_one_barcode_are_for_a_person(shop: SmallShop, stand: Stand) -> None:
    stand.catalogue.articles["D"] = article("D", "8710400280507")
    shop.product("10", "", 0, ean="8710400280507")
    shop.product("11", "", 0, ean="8710400280507")
    assert stand.engine.link().linked == ()
    assert stand.engine.link_by_hand("11", "D", "7")
    assert not stand.engine.link_by_hand("11", "BESTAAT-NIET", "7")
    assert stand.entries("webshop.linked")[-1] == {
        "links": [{"product": "11", "sku": "D", "how": "person"}], "by": "7"}  # fmt: skip
    assert stand.channel.con.execute("select who from journal order by seq desc limit 1").fetchone() == ("7",)


def test_undoing_a_link_is_journaled_and_the_number_stays(shop: SmallShop, stand: Stand) -> None:
    assert stand.engine.unlink("1", "7")
    assert not stand.engine.unlink("1", "7")
    assert stand.kinds()[-1] == "webshop.unlinked"
    stand.shelf.add("A", -1)
    stand.engine.turn()
    assert shop.stock["1"] == 10
    stand.again()
    assert set(stand.state.links()) == {"2", "3"}


def test_parents_are_not_linked(shop: SmallShop, stand: Stand, connector: SmallConnector) -> None:
    import msgspec

    plain = connector._product
    shop.product("20", "D", 0)
    stand.catalogue.articles["D"] = article("D")
    connector._product = lambda name: (  # type: ignore[method-assign]
        msgspec.structs.replace(plain(name), sellable=False) if name == "20" else plain(name)
    )
    assert stand.engine.link().linked == ()
    assert [offer.id for offer in web_values.offers(stand.state.con, "article")] == ["D"]


def test_the_compare_offers_what_is_new_and_links_nothing_by_itself(shop: SmallShop, stand: Stand) -> None:
    stand.catalogue.articles["D"] = article("D")
    shop.product("10", "D", 7)
    report = stand.engine.compare()
    assert (report.new, shop.stock["10"]) == (1, 7)
    (offer,) = web_values.offers(stand.state.con, "product")
    assert (offer.id, offer.candidates) == ("10", ("D",))
