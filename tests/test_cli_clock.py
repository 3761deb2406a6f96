"""Ids that sort by time, and a clock that knows where the shop is."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.clock import SystemClock, uuid7_source

AT = 1_795_262_400_000


@given(st.lists(st.integers(AT, AT + 50), min_size=1, max_size=300), st.binary(min_size=8, max_size=8))
def test_ids_rise_whatever_the_clock_does(times: list[int], noise: bytes) -> None:
    moments = iter(times)
    new_id = uuid7_source(lambda: next(moments), lambda size: noise[:size])
    ids = [new_id() for _ in times]
    assert ids == sorted(set(ids))
    for each in ids:
        read = uuid.UUID(each)
        assert (read.version, read.variant, len(each)) == (7, uuid.RFC_4122, 32)
        assert AT <= int(each[:12], 16) <= AT + 51


def test_ids_of_one_millisecond_run_on_into_the_next() -> None:
    new_id = uuid7_source(lambda: AT, lambda size: b"\xff" * size)
    ids = [new_id() for _ in range(10_000)]
    assert ids == sorted(set(ids))
    assert int(ids[0][:12], 16) == AT
    assert AT < int(ids[-1][:12], 16) <= AT + 3


def test_ids_from_several_threads_are_all_different() -> None:
    new_id = uuid7_source()
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda _: new_id(), range(2000)))
    assert len(set(ids)) == 2000


def test_the_clock_tells_local_time_from_utc() -> None:
    clock = SystemClock()
    before = time.time_ns() // 1_000_000
    now = clock.now()
    assert before <= now.at <= time.time_ns() // 1_000_000
    assert now.offset == time.localtime(now.at / 1000).tm_gmtoff // 60
    assert clock.monotonic_ms() <= clock.monotonic_ms()
