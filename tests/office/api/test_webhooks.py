"""Webhooks: written with the event, sent signed until taken, never to a machine of our own network."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from standardwebhooks.webhooks import Webhook as Signature

from kassa_office import config
from kassa_office.api import events, guard, webhooks
from kassa_office.api.models import Delivery, Webhook
from kassa_office.journal.alarms import Matter, close_alarm, raise_alarm
from kassa_office.journal.models import Alarm
from kassa_office.tills.models import Branch
from kassa_office.tills.port import OfficeForTill
from tests.office.conftest import Databases, MakeTill


class Receiver:
    """An HTTP server that answers as it is told and keeps what it got."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.headers: dict[str, str] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append(({key.lower(): value for key, value in self.headers.items()}, body))
                self.send_response(outer.answers.pop(0) if outer.answers else 204)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch, office_db: Databases) -> None:
    """As with ``webhook_private = true``."""
    allowed = config.OfficeConfig(settings.OFFICE.path, settings.OFFICE.data, webhook_private=True)
    monkeypatch.setattr(settings, "OFFICE", allowed)


def hook(url: str, *wanted: str, branches: tuple[str, ...] = ()) -> Webhook:
    made = Webhook.objects.create(url=url, events=list(wanted or events.EVENTS), secret=webhooks.new_secret())
    made.branches.set(Branch.objects.filter(code__in=branches))
    return made


def test_sales_and_closed_shifts_are_told_in_the_transaction_that_stores_them(make_till: MakeTill) -> None:
    here, other = make_till("B1", "K1"), make_till("B2", "K2")
    mine = hook("https://a.example/", events.SALE, events.Z, branches=("B1",))
    all_of_them = hook("https://b.example/", events.SALE)
    for till in (here, other):
        till.book.open_shift()
        till.book.sale()
        till.book.add("shift.close", {"z": 1, "turnover": 55, "counted": 10_055, "difference": 0, "cash": {}})
        OfficeForTill(till.till).push(till.book.batch())
        OfficeForTill(till.till).push(till.book.batch())
    told = [(one.event, json.loads(one.body)["data"]["till"]) for one in mine.deliveries.order_by("made_at", "id")]
    assert sorted(told) == [("sale.stored", "K1"), ("z.closed", "K1")]
    assert all_of_them.deliveries.count() == 2
    body = json.loads(all_of_them.deliveries.filter(body__contains="K1-").get().body)
    assert body["type"] == "sale.stored"
    assert {"branch": "B1", "till": "K1", "number": "K1-000001", "total": 55}.items() <= body["data"].items()


def test_without_a_webhook_a_batch_costs_no_question_more(make_till: MakeTill) -> None:
    here = make_till("B1", "K1")
    here.book.open_shift()
    events.look_again()
    assert not events.wanted()
    with CaptureQueriesContext(connection) as asked:
        OfficeForTill(here.till).push(here.book.batch())
    assert not [one for one in asked if "api_" in one["sql"]]


def test_alarms_once_and_articles(make_till: MakeTill, articles: list[str]) -> None:
    from kassa_office.catalogue.models import Article

    to = hook("https://a.example/")
    for _turn in range(2):
        raise_alarm(Matter("stock", "B1", facts={"n": 1}))
    assert sorted(to.deliveries.values_list("event", flat=True)) == ["alarm.raised", "stock.low"]
    close_alarm(Matter("stock", "B1"))
    raise_alarm(Matter("stock", "B1", facts={"n": 2}))
    raise_alarm(Matter("stock", "B1", facts={"n": 3}))
    assert sorted(to.deliveries.values_list("event", flat=True)) == ["alarm.raised"] * 2 + ["stock.low"] * 3
    article = Article.objects.get(sku="1")
    article.name = "Anders"
    article.save()
    assert json.loads(to.deliveries.get(event="article.changed").body)["data"] == {"all": False, "skus": ["1"]}


def test_what_is_sent_is_signed_and_done(private: None, receiver: Receiver) -> None:
    to = hook(receiver.url)
    events.emit("sale.stored", "B1", {"number": "K1-000001", "naam": "Café"})
    assert webhooks.send_due() == 1
    headers, body = receiver.got[0]
    told = Signature(to.secret).verify(body, headers)
    assert told["data"] == {"number": "K1-000001", "naam": "Café"}
    one = Delivery.objects.get()
    assert (one.state, one.status, one.tries, headers["webhook-id"]) == ("taken", 204, 1, one.pk)
    assert webhooks.send_due() == 0
    assert len(receiver.got) == 1


def test_what_is_not_taken_comes_again_with_its_id_until_three_days_are_over(private: None, receiver: Receiver) -> None:
    hook(receiver.url)
    events.emit("z.closed", "B1", {})
    receiver.answers = [500, 302]
    receiver.headers = {"Location": "http://127.0.0.1:1/elsewhere"}
    start = now = timezone.now()
    assert webhooks.send_due(now) == 0
    assert webhooks.send_due(now) == 0
    assert len(receiver.got) == 1
    assert webhooks.send_due(Delivery.objects.get().next_at) == 0
    assert Delivery.objects.get().status == 302
    assert webhooks.send_due(Delivery.objects.get().next_at) == 1
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == 1
    events.emit("z.closed", "B1", {})
    tries = 0
    while Delivery.objects.filter(state="waiting").exists():
        Webhook.objects.update(failures=0)
        receiver.answers, tries = [503], tries + 1
        webhooks.send_due(Delivery.objects.get(state="waiting").next_at)
    last = Delivery.objects.get(state="failed")
    assert last.done_at is not None
    assert timedelta(days=3) <= last.done_at - start < timedelta(days=4)
    assert 12 <= tries <= 20


def test_a_receiver_that_never_takes_anything_is_switched_off_and_back_on(private: None, receiver: Receiver) -> None:
    to = hook(receiver.url)
    deaf = hook("http://127.0.0.1:9/", "z.closed")
    now = timezone.now()
    events.emit("z.closed", "B1", {})
    for turn in range(webhooks.OFF_AFTER):
        Delivery.objects.filter(webhook=deaf).update(next_at=now, made_at=now, state="waiting")
        assert Webhook.objects.get(pk=deaf.pk).active, turn
        webhooks.send_due(now + timedelta(seconds=turn))
    assert not Webhook.objects.get(pk=deaf.pk).active
    assert Alarm.objects.get(code="webhook").matter == str(deaf.pk)
    assert Webhook.objects.get(pk=to.pk).failures == 0
    assert to.deliveries.get(event="z.closed").state == "taken"
    assert to.deliveries.filter(event="alarm.raised").exists()
    assert Delivery.objects.get(webhook=deaf).problem == "connection"
    webhooks.switch(Webhook.objects.get(pk=deaf.pk), on=True, by="marie")
    assert Alarm.objects.get(code="webhook").closed_by == "marie"
    Webhook.objects.filter(pk=deaf.pk).update(url=receiver.url)
    assert webhooks.send_due(timezone.now()) >= 1
    assert Delivery.objects.get(webhook=deaf).state == "taken"
    assert webhooks.replay(Delivery.objects.filter(webhook=deaf)) == 1
    assert webhooks.send_due(timezone.now()) == 1
    assert receiver.got[-1][0]["webhook-id"] == Delivery.objects.get(webhook=deaf).pk


def test_only_the_newest_of_several_changes_is_sent(private: None, receiver: Receiver) -> None:
    hook(receiver.url)
    for _turn in range(3):
        events.articles_changed(["1"])
    events.articles_changed(["2"])
    assert webhooks.send_due() == 2
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["superseded", "superseded", "taken", "taken"]


def test_gone_is_gone(private: None, receiver: Receiver) -> None:
    to = hook(receiver.url)
    receiver.answers = [410]
    events.emit("z.closed", "B1", {})
    webhooks.send_due()
    assert not Webhook.objects.get(pk=to.pk).active


def test_nothing_goes_to_our_own_network(office_db: Databases, receiver: Receiver) -> None:
    hook(receiver.url)
    hook(receiver.url.replace("127.0.0.1", "localhost"))
    events.emit("z.closed", "B1", {})
    assert webhooks.send_due() == 0
    assert receiver.got == []
    assert set(Delivery.objects.values_list("problem", flat=True)) == {"address"}


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "::1", "fe80::1",
     "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "224.0.0.1",
     "ff02::1", "::", "255.255.255.255", "name", ""],
)  # fmt: skip
def test_addresses_that_are_not_of_the_whole_internet(address: str) -> None:
    assert not guard.is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"])
def test_addresses_that_are(address: str) -> None:
    assert guard.is_public(address)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://shop.example/hook?x=1", ""),
        ("http://shop.example/", "https"),
        ("ftp://shop.example/", "address"),
        ("https://", "address"),
        ("https://user:pw@shop.example/", "address"),
        ("https://shop.example:99999/", "address"),
        ("https://[::1/", "address"),
        ("https://127.0.0.1/", "private"),
        ("https://[::1]/", "private"),
        ("https://2130706433/", "private"),
        ("https://localhost/", "private"),
        ("https://sho p.example/", "address"),
    ],
)
def test_addresses_as_typed(url: str, fault: str) -> None:
    assert guard.fault_of(url, private=False) == fault


def test_a_name_that_leads_to_our_network_is_refused_when_it_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(host: str, port: int, **_rest: Any) -> list[Any]:
        return [(2, 1, 6, "", ("93.184.216.34", port)), (2, 1, 6, "", ("10.0.0.5", port))]

    monkeypatch.setattr("socket.getaddrinfo", answer)
    with guard.session(private=False) as through:
        assert guard.post(through, "https://shop.example/", b"{}", {}) == (0, "address")
