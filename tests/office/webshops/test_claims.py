"""One node talks to a webshop: who was first, and whose journal comes in through whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from kassa_office.sales.models import Sale
from kassa_office.staff.models import Audit
from kassa_office.tills.models import Till, TillKey
from kassa_office.tills.port import OfficeForTill
from kassa_office.webshops.models import Webshop
from kassa_tui.sync.codec import decode, encode
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import SCHEMA, Answer, ChannelClaim
from tests.office.conftest import MakeTill, TillHere
from tests.office.webshops.company import make
from tests.office.webshops.test_figures import KEY, Channel

URL = "https://winkel.example.nl"


def request(code: str = "WEB", url: str = URL, key: str = "", **more: Any) -> ChannelClaim:
    """A till says that it talks to a webshop."""
    facts = {"kind": "woocommerce", "name": "Webwinkel", **more}
    return ChannelClaim(SCHEMA, code, url=url, public_key=key or KEY.public.hex(), **facts)


def claim(here: TillHere, message: ChannelClaim) -> Answer:
    """As it is answered."""
    return OfficeForTill(here.till).claim_channel(message)


def test_the_first_owns_it_and_may_say_so_again(make_till: MakeTill) -> None:
    here = make_till()
    assert claim(here, request()) == claim(here, request()) == Answer(True)
    made = Webshop.objects.select_related("till__branch").get()
    assert (made.till_id, made.owner, made.url, made.till.branch_id) == ("WEB", "K1", URL, "B1")
    assert TillKey.objects.get(till="WEB").public_key == KEY.public.hex()
    assert made.till.token_hash == ""


@pytest.mark.parametrize("message", [
    request(), request(url=URL + "/"), request("SHOP"), request(url="https://ander.example.nl"),
])  # fmt: skip
def test_a_second_hears_who_the_first_is(make_till: MakeTill, message: ChannelClaim) -> None:
    first, second = make_till("B1", "K1"), make_till("B2", "K2")
    assert claim(first, request()).ok
    answer = claim(second, message)
    assert (answer.ok, answer.code, answer.facts) == (False, "channel_taken", {"owner": "K1"})
    noted = Audit.objects.get(act="webshop.claim")
    assert (noted.user, noted.refused, noted.facts["owner"]) == ("K2", True, "K1")
    assert Webshop.objects.count() == 1


def test_the_same_shop_under_another_code_is_refused_to_its_owner_too(make_till: MakeTill) -> None:
    here = make_till()
    assert claim(here, request()).ok
    assert claim(here, request("SHOP")).facts == {"owner": "K1"}
    assert list(Webshop.objects.values_list("till_id", flat=True)) == ["WEB"]


def test_what_the_office_talks_to_is_the_offices(make_till: MakeTill) -> None:
    here = make_till()
    make("WEB", url=URL)
    assert claim(here, request()).facts == {"owner": "office"}


def test_the_code_of_a_till_is_no_channels(make_till: MakeTill) -> None:
    here = make_till()
    make_till("B1", "K2")
    assert claim(here, request("K2")).facts == {"owner": "K2"}
    assert claim(here, request("K1")).code == "channel_taken"
    assert not Webshop.objects.exists()


def test_another_key_never_comes_by_itself(make_till: MakeTill) -> None:
    here = make_till()
    claim(here, request())
    with pytest.raises(OfficeError) as refused:
        claim(here, request(key="ab" * 32))
    assert refused.value.code == "channel_taken"
    assert TillKey.objects.get(till="WEB").public_key == KEY.public.hex()


@pytest.mark.parametrize("message", [
    request("web"), request("WEBSHOPSX"), request(key="zz" * 32), request(key="ab"), request(kind="magento3"),
    request(url=""), request(url="https://" + "x" * 300), request(name=""), request(name="x" * 81), request("W\0"),
])  # fmt: skip
def test_what_cannot_be_a_webshop_is_refused(make_till: MakeTill, message: ChannelClaim) -> None:
    with pytest.raises(OfficeError) as refused:
        claim(make_till(), message)
    assert refused.value.code == "bad_message"
    assert not Webshop.objects.exists()


def post(client: Client, here: TillHere, path: str, message: Any) -> Any:
    """Over HTTP."""
    return client.post(path, encode(message), content_type="application/json", headers=here.headers)


def test_over_http(client: Client, make_till: MakeTill) -> None:
    first, second = make_till("B1", "K1"), make_till("B1", "K2")
    assert decode(post(client, first, "/api/v1/channels/WEB", request()).content, Answer).ok
    answer = decode(post(client, second, "/api/v1/channels/WEB", request()).content, Answer)
    assert (answer.ok, answer.facts) == (False, {"owner": "K1"})
    assert post(client, first, "/api/v1/channels/ANDERS", request()).status_code == 400
    assert client.post("/api/v1/channels/WEB", encode(request()), content_type="application/json").status_code == 401


def test_a_channels_journal_comes_through_its_owner_alone(client: Client, make_till: MakeTill) -> None:
    owner, other = make_till("B1", "K1"), make_till("B1", "K2")
    claim(owner, request())
    book = Channel()
    book.sold(("6", 1, 55))
    path = "/api/v1/tills/WEB/journal"
    assert post(client, other, path, book.batch()).status_code == 403
    assert Audit.objects.filter(act="till.other", user="", facts__till="K2", refused=True).exists()
    assert not Sale.objects.exists()
    answer = post(client, owner, path, book.batch())
    assert answer.status_code == 200
    assert Sale.objects.get().number == "WEB-000001"
    assert client.get(path + "?after=0", headers=owner.headers).status_code == 200
    assert client.get(path + "?after=0", headers=other.headers).status_code == 403


@pytest.mark.parametrize("code", ["K2", "WEB2", "NIETS"])
def test_an_owner_gets_at_nothing_else(client: Client, make_till: MakeTill, code: str) -> None:
    owner = make_till("B1", "K1")
    make_till("B1", "K2")
    claim(owner, request())
    make("WEB2")
    book = Channel()
    book.till = code
    book.add("drawer", {"reason": "x"})
    assert post(client, owner, f"/api/v1/tills/{code}/journal", book.batch()).status_code == 403
    assert client.post(f"/api/v1/tills/{code}/heartbeat", b"{}", content_type="application/json",
                       headers=owner.headers).status_code == 403  # fmt: skip


def test_a_channel_that_passed_to_another_is_closed_to_the_first(client: Client, make_till: MakeTill) -> None:
    owner = make_till("B1", "K1")
    claim(owner, request())
    Webshop.objects.update(owner="K2")
    book = Channel()
    book.sold(("6", 1, 55))
    assert post(client, owner, "/api/v1/tills/WEB/journal", book.batch()).status_code == 403
    assert claim(owner, request()).facts == {"owner": "K2"}
    assert Till.objects.get(code="WEB").active
