"""The journal of a till's webshop on its way to the office: claimed first, sent whole, and never in the till's way."""

from __future__ import annotations

from pathlib import Path

import pytest

from kassa_tui.storage.channels import channel_folder
from kassa_tui.storage.sync_state import SyncState
from kassa_tui.sync.channel_outbox import ChannelOutbox
from kassa_tui.sync.port import OfficeError, OfficePort
from kassa_tui.sync.wire import Answer, ChannelClaim
from tests.sync.conftest import Shop
from tests.sync.office import Office, facts, seqs
from tests.sync.web_till import table
from tests.web_books import book


class Offices(Office):
    """An office that takes channels too, each as a till of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.channels: dict[str, Office] = {}
        self.claims: list[ChannelClaim] = []
        self.owner = ""
        """Who has every webshop already; nobody where empty."""

    def claim_channel(self, request: ChannelClaim) -> Answer:
        """Be the one."""
        self.before("claim_channel")
        self.claims.append(request)
        return Answer(False, "channel_taken", {"owner": self.owner}) if self.owner else Answer(True)

    def of_channel(self, code: str) -> OfficePort:
        """Its own journal."""
        return self.channels.setdefault(code, Office(code))  # type: ignore[return-value]


@pytest.fixture
def offices() -> Offices:
    return Offices()


@pytest.fixture
def web(shop: Shop) -> Shop:
    """A till with three sales of its own and two of its webshop."""
    shop.belongs_to("https://kantoor.example.nl", table("https://winkel.example.nl"))
    shop.sell(3)
    book(shop.data, "WEB", [1000, 2000])
    return shop


def outbox(web: Shop, offices: Offices) -> ChannelOutbox:
    return ChannelOutbox(web.config, offices, "9.9", web.clock)


def noted(web: Shop) -> tuple[str, int, int]:
    state = SyncState(channel_folder(web.data, "WEB"))
    try:
        return state.now.code, state.now.failing_since, state.now.last_success
    finally:
        state.close()


def test_a_channel_is_claimed_once_and_sent(web: Shop, offices: Offices) -> None:
    sending = outbox(web, offices)
    assert sending.pending()
    assert sending.push() is None
    assert not sending.pending()
    (claim,) = offices.claims
    assert (claim.code, claim.kind, claim.url) == ("WEB", "woocommerce", "https://winkel.example.nl")
    assert len(bytes.fromhex(claim.public_key)) == 32
    sent = offices.channels["WEB"].entries
    assert seqs(sent.values()) == [1, 2]
    assert facts(sent[2])["total"] == 2000
    book(web.data, "WEB", [3000])
    assert sending.push() is None
    assert len(offices.claims) == 1
    assert seqs(sent.values()) == [1, 2, 3]
    sending.close()
    assert noted(web) == ("", 0, web.clock.at)


def test_nothing_is_sent_twice_after_a_restart(web: Shop, offices: Offices) -> None:
    for _ in range(2):
        sending = outbox(web, offices)
        sending.push()
        sending.close()
    assert [seqs(batch.entries) for batch in offices.channels["WEB"].batches] == [[1, 2]]


def test_a_claim_that_another_has_is_noted_and_nothing_of_it_sent(web: Shop, offices: Offices) -> None:
    offices.owner = "K2"
    sending = outbox(web, offices)
    wrong = sending.push()
    assert isinstance(wrong, OfficeError)
    assert (wrong.code, wrong.facts) == ("channel_taken", {"owner": "K2"})
    assert offices.channels == {}
    assert sending.pending()
    since = web.clock.at
    web.clock.go(60)
    sending.push()
    sending.close()
    assert noted(web)[:2] == ("channel_taken", since)
    offices.owner = ""
    again = outbox(web, offices)
    assert again.push() is None
    again.close()
    assert noted(web)[:2] == ("", 0)


def test_the_tills_own_journal_is_not_held_up(web: Shop, offices: Offices) -> None:
    offices.owner = "K2"
    agent = web.agent(offices, channels=outbox(web, offices))  # type: ignore[arg-type]
    agent.once()
    agent.close()
    assert seqs(offices.entries.values()) == [1, 2, 3]
    assert noted(web)[0] == "channel_taken"


def test_with_the_agent_both_arrive(web: Shop, offices: Offices) -> None:
    agent = web.agent(offices, channels=outbox(web, offices))  # type: ignore[arg-type]
    assert agent.once() is None
    agent.close()
    assert seqs(offices.entries.values()) == [1, 2, 3]
    assert seqs(offices.channels["WEB"].entries.values()) == [1, 2]


def test_an_office_that_is_away_is_tried_again(web: Shop, offices: Offices) -> None:
    def away(what: str) -> None:
        raise OfficeError("unreachable")

    offices.before = away
    sending = outbox(web, offices)
    wrong = sending.push()
    assert wrong is not None
    assert wrong.code == "unreachable"
    offices.before = lambda what: None
    assert sending.push() is None
    assert seqs(offices.channels["WEB"].entries.values()) == [1, 2]
    sending.close()


def test_one_that_the_office_refuses_does_not_hold_up_another(shop: Shop, offices: Offices) -> None:
    shop.belongs_to("https://kantoor.example.nl", table("https://een.example.nl")
                    + table("https://twee.example.nl", code="WEB2", name="Twee", key_file="twee.key"))  # fmt: skip
    book(shop.data, "WEB", [1000])
    book(shop.data, "WEB2", [2000])
    sending = outbox(shop, offices)
    assert sending.pending()
    offices.channels["WEB"] = Refuses("WEB")
    wrong = sending.push()
    assert wrong is not None
    assert seqs(offices.channels["WEB2"].entries.values()) == [1]
    sending.close()


def test_a_webshop_of_the_office_or_without_books_is_none_of_ours(shop: Shop, offices: Offices, tmp_path: Path) -> None:
    shop.belongs_to("https://kantoor.example.nl", table("https://winkel.example.nl"))
    sending = outbox(shop, offices)
    assert not sending.pending()
    book(shop.data, "WEB", [1000])
    assert sending.pending()
    sending.close()
    shop.belongs_to("https://kantoor.example.nl", table("https://winkel.example.nl", owner="office"))
    sending = outbox(shop, offices)
    assert not sending.pending()
    assert sending.push() is None
    assert offices.claims == []
    sending.close()


class Refuses(Office):
    """Takes nothing in."""

    def push(self, batch: object) -> object:  # type: ignore[override]
        """It says no."""
        raise OfficeError("forbidden")
