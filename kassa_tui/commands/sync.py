"""``kassa sync`` and ``kassa enrol``: the road to the office, as a process, and the way onto it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.commands.dispatch import Call
from kassa_tui.domain.outcome import Refused
from kassa_tui.failures import DONE, MISUSE, REFUSED, UNREACHED, exit_code

if TYPE_CHECKING:
    from kassa_tui.config import Config
    from kassa_tui.sync.office_client import OfficeClient
    from kassa_tui.sync.port import OfficeError

LEAVE_SECONDS = 10.0
"""After a signal to stop the agent finishes the request at hand, but not for longer."""


def sync(call: Call) -> int:
    """Carry the journal up and the catalogue down, until stopped; or once; or say how it stands."""
    config = call.config()
    if call.args.status:
        return _status(call, config)
    if config.office is None:
        from kassa_tui.commands import webshop

        return webshop.alone(call, config)
    from kassa_tui.services.setup import give_to_owner
    from kassa_tui.sync.office_client import read_token
    from kassa_tui.sync.port import OfficeError

    try:
        client = _client(config, read_token(config.till.data))
    except OfficeError as error:
        return _office_refused(call, error)
    try:
        return _once(call, config, client) if call.args.once else _run(config, client)
    finally:
        client.close()
        give_to_owner(config.till.data)


def enrol(call: Call) -> int:
    """Make this machine a till of an office: its key known there, its articles here."""
    from kassa_tui import bootstrap
    from kassa_tui.services.setup import give_to_owner
    from kassa_tui.storage.takeover import pending
    from kassa_tui.sync.port import OfficeError

    config = call.config()
    bootstrap.init(config)
    ca_file = Path(call.args.ca).absolute() if call.args.ca else None
    going_on = pending(config.till.data) is not None and not call.args.code
    if not going_on and not call.args.code:
        call.complain(call.t("er ontbreekt iets: {what}", what="--code"))
        return MISUSE
    try:
        if not going_on:
            joined = _joined(config, call, ca_file)
            call.say(call.t("Aangemeld: kassa {till}, filiaal {branch}", till=joined.till, branch=joined.branch))
            _configured(call, config, ca_file)
        return _first_round(call, config, ca_file)
    except OfficeError as error:
        return _office_refused(call, error)
    finally:
        give_to_owner(config.till.data)


def _joined(config: Config, call: Call, ca_file: Path | None) -> Any:
    from kassa_tui.sync.enrol import join

    client = _client(config, "", call.args.url, ca_file)
    try:
        return join(config, client, call.args.code, _version())
    finally:
        client.close()


def _configured(call: Call, config: Config, ca_file: Path | None) -> None:
    """``[office]`` in the settings, or the text to put there."""
    from kassa_tui.sync.enrol import put_office

    if config.office is not None and config.office.url == call.args.url:
        return
    office = {"url": call.args.url, **({"ca_file": str(ca_file)} if ca_file else {})}
    if config.office is not None:
        call.complain(call.t("let op: in {path} staat een ander kantoor; zet daar {url}", path=config.path,
                             url=call.args.url))  # fmt: skip
        return
    text = put_office(config.path, office)
    if text:
        call.say(call.t("Zet dit zelf in {path}, de kassa mag daar niet schrijven:", path=config.path))
        call.say(text)


def _first_round(call: Call, config: Config, ca_file: Path | None) -> int:
    """The old machine's journal where there is one, then everything else once."""
    from kassa_tui.clock import SystemClock, uuid7_source
    from kassa_tui.sync.enrol import take_over
    from kassa_tui.sync.office_client import read_token

    client = _client(config, read_token(config.till.data), call.args.url, ca_file)
    try:
        taken = take_over(config, client, SystemClock(), uuid7_source())
        if taken is not None:
            call.say(
                call.t(
                    "Overgenomen: {entries} regels; verder met regel {seq}, bonnen na {receipt}"
                    "[; {lost:some} regels van de oude kassa zijn nooit bij het kantoor aangekomen]",
                    entries=taken.entries, seq=taken.goes_on_at, receipt=taken.receipt, lost=taken.lost,
                )
            )  # fmt: skip
        return _once(call, config, client)
    finally:
        client.close()


def _once(call: Call, config: Config, client: OfficeClient) -> int:
    from kassa_tui.storage.database import StorageError

    agent = _agent(config, client)
    try:
        wrong = agent.once()
    finally:
        agent.close()
    if wrong is None:
        return _status(call, config, brief=True)
    if isinstance(wrong, StorageError):
        call.refuse(Refused(wrong.code, wrong.facts), UNREACHED)
        return exit_code(wrong)
    return _office_refused(call, wrong)


def _run(config: Config, client: OfficeClient) -> int:
    """Until SIGTERM or SIGINT: the request at hand is finished, for some seconds at most."""
    from kassa_tui.notify import READY, STOPPING, Notify
    from kassa_tui.sync.agent import step_back
    from kassa_tui.sync.counter import TIMEOUTS, Counter
    from kassa_tui.sync.office_client import read_token

    notify, agent, workers = Notify(os.environ), _agent(config, client), _webshops(config)

    def leave(_number: int, _frame: object) -> None:
        notify.tell(STOPPING)
        agent.stop()
        _deadline(LEAVE_SECONDS, lambda: os._exit(DONE))

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    counter = Counter(config.till.data, lambda: _client(config, read_token(config.till.data), timeouts=TIMEOUTS))
    # Before there are threads: they go as their maker does.
    step_back()
    try:
        counter.start()
        workers.start()
        notify.tell(READY)
        agent.run()
    finally:
        workers.close()
        counter.close()
        for number, handler in before.items():
            signal.signal(number, handler)
        agent.close()
    return DONE


def _webshops(config: Config) -> Any:
    """The webshops that this till owns, each on a thread of its own."""
    from kassa_tui.clock import SystemClock
    from kassa_tui.sync.webshop_worker import Workers

    return Workers(config, SystemClock())


def _deadline(seconds: float, act: Callable[[], object]) -> None:
    # Nothing is lost by it: what is not noted as delivered is sent again.
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()


def _agent(config: Config, client: OfficeClient) -> Any:
    from kassa_tui import bootstrap
    from kassa_tui.clock import SystemClock
    from kassa_tui.sync import night
    from kassa_tui.sync.agent import Agent, Means
    from kassa_tui.sync.channel_outbox import ChannelOutbox

    bootstrap.init(config)
    clock, version = SystemClock(), _version()
    channels = ChannelOutbox(config, client, version, clock) if config.webshops else None
    means = Means(clock, version=version, backup=lambda: night.command(config, clock.now().at), channels=channels)
    return Agent(config, client, means)


def _client(
    config: Config, token: str, url: str = "", ca_file: Path | None = None,
    timeouts: tuple[float, float, float] | None = None,
) -> OfficeClient:  # fmt: skip
    from kassa_tui.sync.office_client import CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS, OfficeClient

    office = config.office
    return OfficeClient(
        url or (office.url if office else ""),
        config.till.id,
        token,
        ca_file=ca_file or (office.ca_file if office else None),
        proxy=office.proxy if office else None,
        timeouts=timeouts or (CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS),
    )


def _office_refused(call: Call, error: OfficeError) -> int:
    from kassa_tui.services.office import why

    joining = call.args.run.endswith(":enrol")
    said = "too_often" if joining and error.code == "locked" else error.code
    code = UNREACHED if not joining or error.code in _PASSES else REFUSED
    return call.refuse(Refused("office_failed", {"why": why(said)}), code)


_PASSES = ("unreachable", "timeout", "busy", "fault", "bad_answer")
"""Nobody refused anything: the next try may go well."""


def _status(call: Call, config: Config, *, brief: bool = False) -> int:
    """How it stands, in words or as JSON; asks nobody."""
    from kassa_tui.clock import SystemClock
    from kassa_tui.commands.reading import reading
    from kassa_tui.services.office import OfficeWatch, facts, report

    if config.office is None and not brief:
        return call.refuse(Refused("office_none"), MISUSE)
    watch, moment = OfficeWatch(config.till.data), SystemClock().now()
    try:
        with reading(config) as con:
            now = watch.look(con, moment.at, moment.offset)
    finally:
        watch.close()
    lines = [call.words.outcome(outcome) for outcome, _ in report(now)]
    told = {**facts(now), **_from_office(call, config, lines), "running_version": _version()}
    if now.state.latest_version not in ("", _version()):
        lines.append(call.t("Het kantoor wil versie {version}; deze is {running}", version=now.state.latest_version,
                            running=_version()))  # fmt: skip
    call.show(told, "\n".join(lines))
    return DONE


def _from_office(call: Call, config: Config, lines: list[str]) -> dict[str, Any]:
    """Which settings are the office's, as facts, and as lines behind the others."""
    from dataclasses import replace

    from kassa_tui.services import office_settings
    from kassa_tui.storage.database import StorageError

    try:
        laid, problems = office_settings.of_folder(config)
    except StorageError:
        return {}
    if laid.from_office:
        lines.append(call.t("Van het kantoor: {keys:list}", keys=list(laid.from_office)))
    for problem in problems:
        said = call.words.problem(replace(problem, file=call.t("kantoor")))
        lines.append(call.t("Telt niet: {problem}", problem=said))
    return {"settings": list(laid.from_office), "settings_ignored": list(office_settings.ignored(problems))}


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("kassa")
    except PackageNotFoundError:
        return ""
