"""The pages of webshops: what they say, what they never show, who may do what, and the WooCommerce nudge."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client
from django.utils import timezone

from kassa_office.catalogue import feed
from kassa_office.catalogue.feed_models import FeedRow
from kassa_office.catalogue.models import Article, Barcode, Price
from kassa_office.staff.models import Audit
from kassa_office.webshops import asking, hook, watching
from kassa_office.webshops.asking import HOOK_SECRET, kept_keys
from kassa_office.webshops.models import Webshop
from kassa_office.webshops.ports import folder_of
from kassa_office.webshops.worker import key_file
from kassa_tui.sync.webshops.keyfile import write_keys
from tests.office.conftest import MakeTill
from tests.office.dashboard.conftest import make_user  # noqa: F401
from tests.office.stock.shelves import article, branch
from tests.office.webshops.company import Company, make

BACKEND = "django.contrib.auth.backends.ModelBackend"
ROLES = ("owner", "bookkeeper", "manager", "support")
pytestmark = pytest.mark.usefixtures("office_db")


@pytest.fixture(autouse=True)
def _no_keys_stay() -> Iterator[None]:
    yield
    shutil.rmtree(folder_of("WEB").parent, ignore_errors=True)


@pytest.fixture
def woo(make_till: MakeTill) -> Iterator[Company]:
    """A WooCommerce with two articles that are linked, and one product that nobody knows."""
    made = Company("woocommerce", make_till())
    made.receive("6", 10)
    with made.desk() as desk:
        desk.engine.link()
        desk.turn()
    yield made
    made.close()


@pytest.fixture
def log_in(make_user: Any) -> Callable[[str], Client]:  # noqa: F811
    """Somebody of a role."""

    def enter(role: str) -> Client:
        client = Client()
        branch("B1")
        client.force_login(make_user(f"de-{role}", role, ["B1"]), BACKEND)
        return client

    return enter


@pytest.fixture
def owner(log_in: Callable[[str], Client]) -> Client:
    """Marie herself."""
    return log_in("owner")


def text(client: Client, path: str = "/webshops/WEB/", status: int = 200) -> str:
    """A page."""
    found = client.get(path)
    assert found.status_code == status, path
    return str(found.content.decode())


def said(client: Client, path: str, **given: str) -> str:
    """What a page says after a form was sent."""
    found = client.post(path, given, follow=True)
    assert found.status_code == 200, (path, found.status_code)
    return str(found.content.decode())


POSTS = ["/webshops/WEB/doe/", "/webshops/WEB/koppel/", "/webshops/WEB/sleutels/", "/webshops/WEB/geheim/"]


@pytest.mark.parametrize("role", ROLES)
def test_who_may_see_and_do_what(log_in: Callable[[str], Client], role: str) -> None:
    make("WEB")
    client = log_in(role)
    reads = {client.get(path).status_code for path in ("/webshops/", "/webshops/WEB/")}
    assert reads == ({403} if role == "manager" else {200})
    assert client.get("/webshops/nieuw/magento/").status_code == (200 if role == "owner" else 403)
    works = {client.post(path).status_code for path in POSTS[:2]}
    assert works == ({404, 302} if role in ("owner", "support") else {403})
    keeps = {client.post(path).status_code for path in POSTS[2:]}
    assert keeps == ({302, 200} if role == "owner" else {403})
    assert {client.get(path).status_code for path in POSTS} == {405}
    before = Webshop.objects.get().buffer
    client.post("/webshops/WEB/", {"name": "X", "buffer": "7"})
    assert Webshop.objects.get().buffer == before
    nav = client.get("/omzet/").content.decode()
    assert ('href="/webshops/"' in nav) == (role != "manager")


def test_nobody_gets_in_without_logging_in(client: Client) -> None:
    make("WEB")
    for path in ("/webshops/", "/webshops/WEB/", "/webshops/nieuw/magento/"):
        assert client.get(path)["Location"].startswith("/inloggen/")
    for path in POSTS:
        assert client.post(path)["Location"].startswith("/inloggen/")


@pytest.mark.parametrize("path", ["/webshops/NIETS/", "/webshops/W%00/", "/webshops/nieuw/shopify/"])
def test_what_is_not_there(owner: Client, path: str) -> None:
    assert text(owner, path, 404)


def test_an_empty_list(owner: Client) -> None:
    page = text(owner, "/webshops/")
    assert "Er zijn nog geen webshops." in page
    for name in ("WooCommerce", "Magento", "PrestaShop"):
        assert name in page


@pytest.mark.parametrize("kind", ["woocommerce", "magento", "prestashop"])
def test_adding_tries_the_keys_first_and_never_shows_them(owner: Client, make_till: MakeTill, kind: str) -> None:
    from kassa_tui.simulate.webshops.clerk import KINDS

    make_till()
    simulated = KINDS[kind][0]()
    try:
        path = f"/webshops/nieuw/{kind}/"
        given = {f"key_{name}": value for name, value in simulated.credentials.items()}
        wrong = dict.fromkeys(given, "geheim-maar-fout")
        facts = {"url": simulated.url, "branch": "B1", "name": "", "code": "", "options": ""}
        page = said(owner, path, **wrong, **facts)
        assert 'class="note error"' in page
        assert "geheim-maar-fout" not in page
        assert not Webshop.objects.exists()
        assert not key_file("WEB").exists()
        page = said(owner, path, **given, **facts)
        assert "De webshop antwoordt" in page
        made = Webshop.objects.get()
        assert (made.till_id, made.kind, made.till.branch_id, made.owner) == ("WEB", kind, "B1", "office")
        assert kept_keys("WEB") == dict(simulated.credentials)
        assert key_file("WEB").stat().st_mode & 0o077 == 0
        again = said(owner, path, **given, **facts)
        assert "Er is al een webshop" in again
        for secret in simulated.credentials.values():
            assert secret not in page + again + text(owner) + text(owner, "/logboek/")
            assert secret not in json.dumps(list(Audit.objects.values_list("facts", flat=True)))
    finally:
        simulated.close()


@pytest.mark.parametrize(("field", "value", "words"), [
    ("url", "winkel", "url"), ("code", "te lang voor", ""), ("code", "K1", "Er is al een webshop K1"),
    ("options", "keys_in_url = 3", "keys_in_url"), ("options", "koffie = true", "koffie bestaat niet"),
    ("options", "= =", "niet te lezen"), ("branch", "B9", ""),
])  # fmt: skip
def test_what_cannot_be_added(owner: Client, make_till: MakeTill, field: str, value: str, words: str) -> None:
    make_till()
    facts = {"url": "http://127.0.0.1:1", "branch": "B1", "name": "", "code": "", "options": "", "key_key": "k",
             "key_secret": "s"}  # fmt: skip
    page = said(owner, "/webshops/nieuw/woocommerce/", **(facts | {field: value}))
    assert 'class="note error"' in page
    assert words in page
    assert not Webshop.objects.exists()


def test_a_page_says_how_it_is_and_what_is_to_be_seen_to(owner: Client, woo: Company) -> None:
    assert "Goed; laatst gesproken" in text(owner, "/webshops/")
    order = woo.clerk.buy(("6", 2))
    woo.say("weborder.handed_over", "99999", handed=True)
    with woo.desk() as desk:
        desk.hear()
        desk.turn()
    page = text(owner)
    for words in ("Goed; laatst gesproken", "klaar te maken", "meegegeven aan de kassa (99999)", "Nog eens proberen",
                  f'<th scope="row">{order}</th>', "kent deze bestelling niet", "Artikel 6"):  # fmt: skip
        assert words in page, words
    key = re.search(r'name="opdracht" value="([^"]+)"', page)
    assert key is not None
    assert "Wordt opnieuw geprobeerd" in said(owner, "/webshops/WEB/doe/", doe="again", opdracht=key[1])
    assert "Nog eens proberen" not in text(owner)


def test_the_buttons_work(owner: Client, woo: Company) -> None:
    assert "De webshop antwoordt: Kaaswinkel" in said(owner, "/webshops/WEB/doe/", doe="check")
    assert "Producten 2: al gekoppeld 2, nu gekoppeld 0" in said(owner, "/webshops/WEB/doe/", doe="link")
    assert "Producten 2, gekoppeld 2" in said(owner, "/webshops/WEB/doe/", doe="compare")
    page = said(owner, "/webshops/WEB/doe/", doe="resync")
    assert "Laatste vergelijking" in page
    assert owner.post("/webshops/WEB/doe/", {"doe": "weg"}).status_code == 404
    assert set(Audit.objects.filter(act__startswith="webshop.").values_list("act", flat=True)) == {
        "webshop.added", "webshop.check", "webshop.link", "webshop.compare", "webshop.resync",
    }  # fmt: skip


def test_what_takes_long_is_done_all_the_same(owner: Client, woo: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    from kassa_office.webshops import views
    from kassa_tui.sync import webshop_asks

    monkeypatch.setattr(views, "PATIENCE", 0.05)
    with woo.desk() as desk:
        assert "Wordt gedaan" in said(owner, "/webshops/WEB/doe/", doe="compare")
        assert webshop_asks.answer_all(desk, folder_of("WEB")) == 1
    assert "Laatste vergelijking" in text(owner)


def test_a_person_says_what_a_product_is(owner: Client, woo: Company) -> None:
    from kassa_tui.simulate.webshops.clerk import Goods

    woo.clerk.fill([Goods("VREEMD", "<b>Vreemd</b>", 100, 900, 1)])
    said(owner, "/webshops/WEB/doe/", doe="compare")
    page = text(owner)
    assert "&lt;b&gt;Vreemd&lt;/b&gt;" in page
    assert "<b>Vreemd" not in page
    product = woo.clerk.products["VREEMD"]
    assert "Dat kan niet" in said(owner, "/webshops/WEB/koppel/", product=product, artikel="bestaat niet")
    assert "Typ het artikelnummer" in said(owner, "/webshops/WEB/koppel/", product=product, artikel="")
    assert "Typ het artikelnummer" in said(owner, "/webshops/WEB/koppel/", product=product, artikel="-")
    said(owner, "/webshops/WEB/koppel/", product=woo.clerk.products["7"], doe="los")
    assert "Gekoppeld." in said(owner, "/webshops/WEB/koppel/", product=product, artikel="7")
    page = text(owner, "/webshops/WEB/?zoek=" + product)
    assert "(de-owner)" in page
    assert "Losgemaakt." in said(owner, "/webshops/WEB/koppel/", product=product, doe="los")


def test_what_one_of_the_two_lacks_is_made_there(owner: Client, woo: Company) -> None:
    from kassa_tui.simulate.webshops.clerk import Goods

    woo.clerk.fill([Goods("VREEMD", "Stroopwafel", 299, 900, 1, "8712345678906")])
    kept = article("K9", name="Oude kaas")
    Barcode.objects.create(code="08712345678913", article=kept)
    Price.objects.create(article=kept, valid_from=date(2020, 1, 1), amount=1250)
    said(owner, "/webshops/WEB/doe/", doe="compare")
    page = text(owner)
    assert "Maak er een artikel van" in page
    assert "Oude kaas" in page
    product = woo.clerk.products["VREEMD"]
    assert "VREEMD is gemaakt en gekoppeld" in said(owner, "/webshops/WEB/koppel/", product=product, doe="nieuw")
    made = Article.objects.get(sku="VREEMD")
    assert (made.name, made.vat, made.group.name) == ("Stroopwafel", "low", "Webshop")
    assert list(made.barcodes.values_list("code", flat=True)) == ["08712345678906"]
    assert Price.objects.get(article=made).amount == 299
    assert "al gekoppeld aan" in said(owner, "/webshops/WEB/koppel/", product=product, doe="nieuw")
    assert "K9 staat in de webshop" in said(owner, "/webshops/WEB/koppel/", artikel="K9", doe="product")
    found = next(each for each in woo.simulated.shop.books.products.values() if each.sku == "K9")
    assert (found.name, found.regular_price, found.ean, found.status) == (
        "Oude kaas", "12.50", "8712345678913", "draft")  # fmt: skip
    assert "Er is geen artikel GEEN" in said(owner, "/webshops/WEB/koppel/", artikel="GEEN", doe="product")
    acts = set(Audit.objects.filter(user="webshop WEB").values_list("act", flat=True))
    assert acts == {"article.made"}


def test_what_the_webshop_has_is_taken_over(owner: Client, woo: Company) -> None:
    Webshop.objects.update(prices="pull", vat="pull", eans="pull")
    book = woo.simulated.shop.books.products[int(woo.clerk.products["6"])]
    book.regular_price, book.ean, book.tax_class = "7.77", "8712345678906", ""
    page = said(owner, "/webshops/WEB/doe/", doe="compare")
    for words in ("Prijs, btw en streepjescode die verschilden", "7,77", "streepjescode"):
        assert words in page, words
    found = Article.objects.get(sku="6")
    assert (found.vat, Price.objects.filter(article=found).latest("valid_from").amount) == ("high", 777)
    assert found.barcodes.filter(code="08712345678906").exists()
    # One that cannot be holds up no other.
    Article.objects.filter(sku="6").update(deposit_sku="weg")
    book.tax_class, book.regular_price = "reduced-rate", "7.78"
    assert "het artikel klopt hier niet" in said(owner, "/webshops/WEB/doe/", doe="compare")
    assert Price.objects.filter(article=found).latest("valid_from").amount == 778
    book.tax_class = ""
    # A price for some days only is the owner's own affair.
    today = timezone.localdate()
    Price.objects.filter(article=found, valid_from=today).update(valid_to=today)
    book.regular_price = "8.88"
    assert "tijdelijke prijs" in said(owner, "/webshops/WEB/doe/", doe="compare")
    assert not Price.objects.filter(amount=888).exists()


SETTINGS = {"name": "Winkel", "url": "https://web.example.nl/", "active": "on", "stock": "on",
            "buffer": "2", "buffer_max": "9", "buffer_silent_minutes": "30", "prices": "push",
            "vat": "push", "eans": "no", "vat_classes": "low = reduced-rate\r\n\r\nhigh = standard",
            "acknowledge": "on", "poll_seconds": "120",
            "options": "keys_in_url = true\nvat_rates = { laag = 9 }\n"}  # fmt: skip


def test_settings_are_kept(owner: Client) -> None:
    from kassa_office.webshops.worker import options_of, settings_of

    make("WEB")
    assert "Bewaard." in said(owner, "/webshops/WEB/", **SETTINGS)
    found = Webshop.objects.select_related("till__branch").get()
    settings = settings_of(found)
    assert (settings.buffer, settings.buffer_max, settings.prices, settings.poll_seconds) == (2, 9, "push", 120)
    assert found.url == "https://web.example.nl"
    assert (settings.vat, settings.eans, settings.vat_classes) == (
        "push", "no", {"low": "reduced-rate", "high": "standard"})  # fmt: skip
    assert options_of(found) == {"keys_in_url": True, "vat_rates": {"laag": 900}}
    page = text(owner)
    assert "vat_rates = { laag = 9 }" in page
    noted = Audit.objects.get(act="webshop.settled").facts
    assert noted["options"] == ["keys_in_url", "vat_rates"]
    assert "Bewaard." in said(owner, "/webshops/WEB/", **SETTINGS)


@pytest.mark.parametrize(("field", "value", "words"), [
    ("poll_seconds", "3", "Van 10 tot en met 3600"), ("buffer", "-1", "buffer"), ("prices", "gratis", "Prijzen"),
    ("name", "", "Naam"), ("url", "ftp://x", "winkel.example.nl"), ("url", "https://ander.example.nl", "Adres"),
    ("vat_classes", "geen = x", "geen"), ("vat_classes", "reduced-rate", "per regel"), ("vat", "weg", "Btw"),
    ("options", "sources = 3", "sources"), ("options", "steps = { ready = 4 }", "steps"),
])  # fmt: skip
def test_settings_that_cannot_be(owner: Client, field: str, value: str, words: str) -> None:
    make("WEB")
    make("WEB2", url="https://ander.example.nl")
    found = owner.post("/webshops/WEB/", SETTINGS | {field: value})
    assert found.status_code == 400
    page = found.content.decode()
    assert 'class="note error"' in page
    assert words in page
    assert Webshop.objects.get(till="WEB").buffer == 0


def test_orders_are_shown_to_whom_the_webshop_sells_for(owner: Client, woo: Company) -> None:
    order = woo.clerk.buy(("6", 1))
    with woo.desk() as desk:
        desk.turn()
    key = f"WEB:{order}"

    def shown() -> dict[str, str]:
        feed.publish()
        return dict(FeedRow.objects.filter(table="weborder", key=key).order_by("seq").values_list("scope", "op"))

    assert shown() == {"branch:B1": "put"}
    given = SETTINGS | {"url": woo.simulated.url, "options": ""}
    said(owner, "/webshops/WEB/", **given, all_branches="on")
    assert shown() == {"branch:B1": "del", "all": "put"}
    assert list(shown()) == ["branch:B1", "all"]
    said(owner, "/webshops/WEB/", **given)
    assert shown() == {"all": "del", "branch:B1": "put"}


def test_other_keys_are_kept_once_they_work(owner: Client, woo: Company) -> None:
    before = kept_keys("WEB")
    said(owner, "/webshops/WEB/sleutels/", key_key="ck_x", key_secret="cs_x")
    assert kept_keys("WEB") == before
    hook.new_secret(woo.webshop)
    given = {f"key_{name}": value for name, value in woo.simulated.credentials.items()}
    assert "De webshop antwoordt" in said(owner, "/webshops/WEB/sleutels/", **given)
    assert set(kept_keys("WEB")) == {"key", "secret", HOOK_SECRET}


def test_a_webshop_of_a_till_is_shown_and_not_touched(owner: Client) -> None:
    make("WEB", owner="K1")
    assert "hiermee praat kassa K1" in text(owner, "/webshops/")
    page = text(owner)
    assert "Instellingen</h2>" not in page
    assert "Met deze webshop praat K1" in said(owner, "/webshops/WEB/doe/", doe="check")
    assert owner.post("/webshops/WEB/sleutels/", {"key_key": "x"}).status_code == 404
    assert owner.post("/webshops/WEB/geheim/").status_code == 404
    owner.post("/webshops/WEB/", SETTINGS)
    assert Webshop.objects.get().name == "Webwinkel"


def test_names_are_data(owner: Client) -> None:
    make("WEB", name="<img src=x onerror=alert(1)>")
    for path in ("/webshops/", "/webshops/WEB/"):
        assert "<img src=x" not in text(owner, path)


def test_a_channel_is_not_among_the_machines(owner: Client, make_till: MakeTill) -> None:
    make_till("B1", "K1")
    make("WEB")
    page = text(owner, "/kassas/")
    assert "/kassas/K1/" in page
    assert "/kassas/WEB/" not in page
    assert owner.post("/kassas/WEB/code/").status_code == 404
    assert "Aanmeldcode" not in text(owner, "/kassas/WEB/")


def test_one_that_stands_still_is_told_of(owner: Client, woo: Company) -> None:
    assert watching.find() is None
    write_keys(key_file("WEB"), {"key": "ck_x", "secret": "cs_x"})
    with woo.desk() as desk:
        desk.turn()
    assert watching.find() == "webshops that stand still: WEB"
    page = text(owner, "/meldingen/")
    assert "Met webshop Kaaswinkel lukt het niet sinds" in page
    assert "weigert de sleutel" in page
    assert 'class="state bad"' in text(owner, "/webshops/")
    write_keys(key_file("WEB"), woo.simulated.credentials)
    with woo.desk() as desk:
        assert desk.turn().error is None
    assert watching.find() is None
    assert "lukt het niet sinds" not in text(owner, "/meldingen/").split("gesloten")[0]


def test_one_that_nobody_asks_is_told_of(owner: Client, woo: Company) -> None:
    with woo.desk() as desk:
        assert desk.turn().error is None
    found = asking.status(Webshop.objects.get())
    assert found is not None
    later = timezone.now() + timedelta(hours=3)
    with patch.object(timezone, "now", lambda: later):
        assert watching.find() == "webshops that stand still: WEB"
    page = text(owner, "/meldingen/")
    asked = asking.when(found.last_success, timezone.get_current_timezone())
    assert f"Sinds {asked} heeft dit kantoor webshop Kaaswinkel niets gevraagd" in page
    assert "lukt het niet" not in page
    assert watching.find() is None


def test_a_webshop_that_is_no_more_has_no_alarm(owner: Client, woo: Company) -> None:
    from kassa_office.journal.models import Alarm

    write_keys(key_file("WEB"), {"key": "ck_x", "secret": "cs_x"})
    with woo.desk() as desk:
        desk.turn()
    watching.find()
    assert Alarm.objects.filter(code="webshop", closed_at=None).count() == 1
    Webshop.objects.update(active=False)
    watching.find()
    assert not Alarm.objects.filter(code="webshop", closed_at=None).exists()
    assert "niet in gebruik" in text(owner)


BODY = json.dumps({"id": 12, "status": "processing"}).encode()


def send(client: Client, secret: str, body: bytes = BODY, code: str = "WEB", signed: bool = True) -> int:
    """A webhook as WooCommerce sends it; the status of the answer."""
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    headers = {"X-WC-Webhook-Topic": "order.updated"} | ({"X-WC-Webhook-Signature": signature} if signed else {})
    found = client.post(f"/webshops/{code}/haak/", body, content_type="application/json", headers=headers)
    return int(found.status_code)


@pytest.fixture
def hooked(client: Client, owner: Client) -> str:
    """The secret, as the page shows it once."""
    make("WEB")
    page = owner.post("/webshops/WEB/geheim/").content.decode()
    found = re.findall(r'class="secret" value="([^"]+)"', page)
    assert found[0] == "http://testserver/webshops/WEB/haak/"
    assert found[1] not in text(owner)
    assert found[1] == kept_keys("WEB")[HOOK_SECRET]
    return str(found[1])


def test_the_shop_nudges(hooked: str) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/webshops/WEB/haak/", b"webhook_id=7",
                       content_type="application/x-www-form-urlencoded").status_code == 200  # fmt: skip
    assert Webshop.objects.get().nudged_at is None
    assert send(client, hooked) == 200
    first = Webshop.objects.get().nudged_at
    assert first is not None
    assert send(client, hooked) == 200
    assert Webshop.objects.get().nudged_at == first


def test_others_do_not(hooked: str) -> None:
    client = Client()
    make("WEB2")
    make("MAG", kind="magento")
    assert send(client, "raadsel") == 403
    assert send(client, hooked, signed=False) == 403
    assert send(client, hooked, b"{}") == 400
    assert {send(client, hooked, code=code) for code in ("WEB2", "MAG", "NIETS", "W%00", "X" * 20)} == {403}
    assert client.get("/webshops/WEB/haak/").status_code == 405
    assert (
        client.post("/webshops/WEB/haak/", b"x", content_type="text/plain", CONTENT_LENGTH="9" * 9).status_code == 413
    )
    assert Webshop.objects.get(till="WEB").nudged_at is None
    Webshop.objects.filter(till="WEB").update(owner="K1")
    assert send(client, hooked) == 403


def test_guessing_is_stopped_and_fills_no_log(hooked: str) -> None:
    client = Client()
    codes = [send(client, f"poging {n}") for n in range(hook.BAD_PER_ADDRESS + 10)]
    assert codes == [403] * hook.BAD_PER_ADDRESS + [429] * 10
    assert Audit.objects.filter(act="webshop.hook", refused=True).count() == 20


def test_a_storm_of_good_ones_is_cut_off(hooked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook, "GOOD_PER_SHOP", 3)
    client = Client()
    assert [send(client, hooked) for _ in range(5)] == [200, 200, 200, 429, 429]
