"""One thread goes on alone while others keep the cores busy."""

from types import SimpleNamespace

import numpy as np
import pytest

from regkit.solvers.networks import adaptive_team as module
from regkit.solvers.networks.adaptive_team import Company


class Machine:
    """A clock, and how much of a core each member of a crew gets."""

    def __init__(self, monkeypatch, *shares):
        self.now, self.shares, self.sizes = 0.0, list(shares), []
        self.times = iter(())
        monkeypatch.setattr(module, "run_together", self.run_together)
        monkeypatch.setattr(module, "train", lambda *arguments: None)
        clock = SimpleNamespace(
            perf_counter=lambda: self.now, thread_time=lambda: next(self.times)
        )
        monkeypatch.setattr(module, "time", clock)

    def run_together(self, prepare, size):
        self.sizes.append(size)
        task = prepare(size)
        for member in range(size):
            self.times = iter((0.0, 0.1 * self.shares[member]))
            task(member)
        self.now += 0.1


def sizes(machine, company, calls):
    machine.sizes.clear()
    for _ in range(calls):
        company.train(())
    return machine.sizes


def test_threads_with_cores_of_their_own_stay_together(monkeypatch):
    machine = Machine(monkeypatch, 0.9, 0.8)
    assert sizes(machine, Company(2), 50) == [2] * 50


@pytest.mark.parametrize("shares", [(0.9, 0.4), (0.4, 0.9), (0.2, 0.2)])
def test_a_slow_member_ends_the_company_for_a_time(monkeypatch, shares):
    machine = Machine(monkeypatch, *shares)
    company = Company(2)
    # The first call may have waited for the compiler; the second tells.
    found = sizes(machine, company, 40)
    together = np.flatnonzero(np.array(found) == 2)
    assert list(together[:2]) == [0, 1]
    pauses = np.diff(together[1:])
    assert len(pauses) == 2
    assert np.all(np.abs(pauses - [11, 21]) <= 1)

    machine.shares = [1.0, 1.0]
    found = sizes(machine, company, 60)
    back = found.index(2)
    assert found[back:] == [2] * (60 - back)


def test_one_is_no_company(monkeypatch):
    machine = Machine(monkeypatch, 0.1)
    assert sizes(machine, Company(1), 5) == [1] * 5
