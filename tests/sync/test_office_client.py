"""The till's client against a real HTTP server that answers well, badly, late, or somebody else's page."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from kassa_tui.storage.database import StorageError
from kassa_tui.sync.codec import pack, to_wire
from kassa_tui.sync.office_client import OfficeClient, read_token, write_token
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import MAX_BODY_BYTES, SCHEMA, Batch, Hold
from tests.sync.certificates import authority
from tests.sync.conftest import Shop
from tests.sync.cutting import Line
from tests.sync.office import TOKEN, Office, Server, page

Serve = Callable[..., Server]


def client(url: str, token: str = TOKEN, **how: object) -> OfficeClient:
    return OfficeClient(url, "K1", token, **{"timeouts": (2.0, 2.0, 5.0), **how})  # type: ignore[arg-type]


def batch(shop: Shop, count: int = 3) -> Batch:
    shop.sell(count, size=200)
    store = shop.store()
    entries = [to_wire(store.entry(seq)) for seq in range(1, count + 1)]
    store.close()
    return Batch(SCHEMA, "K1", 1, count, entries)


def test_every_question_of_the_port_over_http(office: Office, serve: Serve, shop: Shop) -> None:
    server = serve(office)
    office.put("group", "1", name="Brood", vat="low")
    office.packed, office.unpacked = b"x" * 10_000, 20_000
    http = client(server.url)
    answer = http.push(batch(shop))
    assert [ack.status for ack in answer.acks] == ["stored"] * 3
    assert answer.next == 4
    assert http.feed(0).rows[0].data == {"name": "Brood", "vat": "low"}
    assert http.snapshot().size == 10_000
    assert len(http.snapshot_bytes("a" * 64, 9_000)) == 1_000
    assert [entry.seq for entry in http.journal(1).entries] == [2, 3]
    assert http.parked()[0].ticket == "t1"
    assert http.claim("t1").draft == {"lines": []}
    assert http.voucher("TB1").balance == 2000
    assert http.hold(Hold("TB1", "t9", 2500)).code == "too_little"
    with pytest.raises(OfficeError) as refused:
        http.receipt("K1-000001")
    assert (refused.value.code, refused.value.facts["number"]) == ("unknown", "K1-000001")
    assert server.requests[0][2]["Content-Encoding"] == "zstd"


def test_a_wrong_token_is_unauthorised_and_never_in_the_log(
    office: Office, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(office)
    caplog.set_level(logging.DEBUG)
    with pytest.raises(OfficeError) as refused:
        client(server.url, "fout-token").feed(0)
    assert refused.value.code == "unauthorised"
    server.close()
    with pytest.raises(OfficeError):
        client("http://fout-token.invalid:1", "fout-token").feed(0)
    told = [record.getMessage() for record in caplog.records if record.name == "kassa.sync"]
    assert any("***" in line for line in told)
    assert not any("fout-token" in line for line in told)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (page("<html>Log in op de wifi</html>"), "bad_answer"),
        (page("<html>", 502), "busy"),
        (page("", 500), "fault"),
        (page("<html>niet hier</html>", 404), "unknown"),
        ((302, {"Location": "http://elders/"}, b""), "redirect"),
        ((308, {"Location": "http://elders/"}, b""), "redirect"),
        ((200, {"Content-Encoding": "zstd"}, b"no zstd at all"), "bad_answer"),
        ((200, {"Content-Encoding": "br"}, b"{}"), "bad_answer"),
        ((200, {}, b'{"schema":1,"epoch":"e"'), "bad_answer"),
        ((200, {}, b'{"schema":1}'), "bad_answer"),
        ((200, {"Content-Encoding": "zstd"}, pack(b" " * (MAX_BODY_BYTES + 9))), "bad_answer"),
        ((403, {}, b'{"code":"forbidden"}'), "forbidden"),
        ((413, {}, b'{"code":"too_large"}'), "too_large"),
        ((409, {}, b'{"code":"other_schema"}'), "other_schema"),
    ],
)
def test_what_is_no_answer_of_the_office_is_no_answer(
    office: Office, serve: Serve, reply: tuple[int, dict[str, str], bytes], code: str
) -> None:
    server = serve(office)
    server.instead.append(reply)
    http = client(server.url)
    with pytest.raises(OfficeError) as refused:
        http.feed(0)
    assert refused.value.code == code
    assert len(server.requests) == 1, "a redirect is not followed"
    assert http.feed(0).cursor == 0, "the next question is asked as if nothing had happened"


@pytest.mark.parametrize(
    ("told", "seconds"), [("120", 120), ("999999", 3600), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", 0)]
)
def test_retry_after_is_taken_along(office: Office, serve: Serve, told: str, seconds: int) -> None:
    server = serve(office)
    server.instead.append((429, {"Retry-After": told}, b'{"code":"busy"}'))
    with pytest.raises(OfficeError) as refused:
        client(server.url).feed(0)
    assert (refused.value.code, refused.value.retry_after) == ("busy", seconds)


def test_an_answer_that_never_ends_is_cut_at_its_bound(office: Office, serve: Serve) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(1 << 40))
        request.end_headers()
        try:
            while True:
                request.wfile.write(b" " * 65536)
        except OSError:
            request.close_connection = True

    server = serve(office)
    server.instead.append(endless)
    with pytest.raises(OfficeError) as refused:
        client(server.url).feed(0)
    assert refused.value.code == "bad_answer"


def test_an_answer_that_drips_is_not_waited_for(office: Office, serve: Serve) -> None:
    over = threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        try:
            while not over.wait(0.05):
                request.wfile.write(b" ")
                request.wfile.flush()
        except OSError:
            request.close_connection = True

    server = serve(office)
    server.instead.append(drip)
    with pytest.raises(OfficeError) as refused:
        client(server.url, timeouts=(2.0, 2.0, 0.3)).feed(0)
    over.set()
    assert refused.value.code == "timeout"


def test_a_server_that_says_nothing_is_not_waited_for(office: Office, serve: Serve) -> None:
    over = threading.Event()
    server = serve(office)
    server.instead.append(lambda request: over.wait(10))
    with pytest.raises(OfficeError) as refused:
        client(server.url, timeouts=(2.0, 0.2, 5.0)).feed(0)
    over.set()
    assert refused.value.code == "timeout"


def test_nobody_there() -> None:
    with pytest.raises(OfficeError) as refused:
        client("http://127.0.0.1:9").feed(0)
    assert refused.value.code == "unreachable"


def test_only_the_configured_authority_is_believed(office: Office, serve: Serve, tmp_path: Path) -> None:
    ours, pair = authority(tmp_path / "ours", "Kantoor CA")
    other, _ = authority(tmp_path / "other", "Andere CA")
    server = serve(office, pair)
    assert client(server.url, ca_file=ours).feed(0).cursor == 0
    for wrong in (other, None, tmp_path / "gone.pem"):
        with pytest.raises(OfficeError) as refused:
            client(server.url, ca_file=wrong).feed(0)
        assert refused.value.code == "certificate"


def test_the_environment_has_no_say(
    office: Office, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, pair = authority(tmp_path / "ours", "Kantoor CA")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login x password y\n")
    netrc.chmod(0o600)
    for name, value in {"REQUESTS_CA_BUNDLE": str(ours), "CURL_CA_BUNDLE": str(ours), "SSL_CERT_FILE": str(ours),
                        "HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9",
                        "ALL_PROXY": "http://127.0.0.1:9", "NETRC": str(netrc)}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    plain, safe = serve(office), serve(office, pair)
    assert client(plain.url).feed(0).cursor == 0
    assert plain.requests[0][2]["Authorization"] == f"Bearer {TOKEN}"
    with pytest.raises(OfficeError) as refused:
        client(safe.url).feed(0)
    assert refused.value.code == "certificate"


def test_the_configured_proxy_is_used(office: Office, serve: Serve) -> None:
    server = serve(office)
    answer = client("http://kantoor.invalid", proxy=server.url)
    with pytest.raises(OfficeError):
        answer.feed(0)
    assert server.requests[0][1].startswith("http://kantoor.invalid/api/v1/feed")


def test_the_line_may_break_at_any_byte(office: Office, serve: Serve, shop: Shop) -> None:
    """Wherever it breaks there is an error, never a wrong answer; sent again, everything is there once."""
    server, sent = serve(office), batch(shop)
    whole = Line(server.port)
    assert client(whole.url).push(sent).next == 4
    up, down = whole.seen
    whole.close()
    for way, total in (("up", up), ("down", down)):
        for at in range(0, total, max(total // 40, 1)):
            line = Line(server.port, **{way: at})
            http = client(line.url, timeouts=(2.0, 1.0, 3.0))
            with pytest.raises(OfficeError) as refused:
                http.push(sent)
            assert refused.value.code in ("unreachable", "bad_answer", "timeout"), (way, at)
            http.close()
            line.close()
    assert sorted(office.entries) == [1, 2, 3]
    assert [ack.status for ack in client(server.url).push(sent).acks] == ["duplicate"] * 3


def test_the_token_is_kept_from_others(tmp_path: Path) -> None:
    write_token(tmp_path, "abc123")
    path = tmp_path / "office.token"
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_token(tmp_path) == "abc123"
    path.chmod(0o640)
    with pytest.raises(StorageError) as refused:
        read_token(tmp_path)
    assert refused.value.code == "token_open"
    path.chmod(0o600)
    path.write_text("")
    with pytest.raises(StorageError) as bad:
        read_token(tmp_path)
    path.unlink()
    with pytest.raises(StorageError) as missing:
        read_token(tmp_path)
    assert (bad.value.code, missing.value.code) == ("token_bad", "token_missing")
