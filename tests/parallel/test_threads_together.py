"""Threads that wait for one another."""

import os
import threading
from threading import Barrier

import pytest

from regkit.parallel.threads import map_in_threads, run_together


def test_members_run_at_the_same_time_each_in_its_thread():
    everyone = Barrier(3)
    seen = []

    def prepare(size):
        assert size == 3

        def task(member):
            everyone.wait(10)  # nobody passes who is not joined by all
            seen.append((member, threading.get_ident()))

        return task

    run_together(prepare, 3)
    assert sorted(member for member, _ in seen) == [0, 1, 2]
    assert len({thread for _, thread in seen}) == 3
    assert dict(seen)[0] == threading.get_ident()


def test_an_interrupted_member_finishes_what_others_wait_for():
    everyone = Barrier(2)
    calls = []

    def prepare(size):
        def task(member):
            calls.append(member)
            if calls.count(0) == 1 and member == 0:
                raise KeyboardInterrupt
            everyone.wait(10)

        return task

    with pytest.raises(KeyboardInterrupt):
        run_together(prepare, 2)
    assert sorted(calls) == [0, 0, 1]
    assert not everyone.broken


def test_failures_of_members_and_of_the_preparation_are_raised():
    def prepare(size):
        def task(member):
            if member == 1:
                raise ValueError("number 1")

        return task

    with pytest.raises(ValueError, match="number 1"):
        run_together(prepare, 2)

    def unprepared(size):
        raise ValueError("not ready")

    with pytest.raises(ValueError, match="not ready"):
        run_together(unprepared, 2)


def test_who_works_beside_others_stays_alone():
    sizes = []

    def prepare(size):
        sizes.append(size)
        return lambda member: None

    map_in_threads(lambda _: run_together(prepare, 4), [0, 1], 2)
    assert sizes == [1, 1]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="Linux only")
def test_cores_are_given_back():
    before = os.sched_getaffinity(0)
    run_together(lambda size: lambda member: None, 2)
    assert os.sched_getaffinity(0) == before
