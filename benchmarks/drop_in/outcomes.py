"""Counts of tests, by how they ended."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_LEAST_PASSED = 0.97
_MOST_LISTED = 0.08


class Outcome(NamedTuple):
    """How a test ended."""

    test: str
    failure: str
    """What pytest says of it; empty if it passed."""


def read(path: Path) -> list[Outcome]:
    return [Outcome(**found) for found in json.loads(path.read_text(encoding="utf-8"))]


@dataclass
class Tally:
    """Tests of one part, or of all."""

    part: str
    n_passed: int = 0
    listed: list[str] = field(default_factory=list)
    failed: list[Outcome] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    """On the list of differences, but passed."""

    def add(self, outcome: Outcome, differences: Mapping[str, str]) -> None:
        differs = any(re.match(pattern, outcome.test) for pattern in differences)
        if not outcome.failure:
            self.n_passed += 1
            if differs:
                self.stale.append(outcome.test)
        elif differs:
            self.listed.append(outcome.test)
        else:
            self.failed.append(outcome)

    def include(self, other: Tally) -> None:
        self.n_passed += other.n_passed
        self.listed += other.listed
        self.failed += other.failed
        self.stale += other.stale

    @property
    def passed(self) -> float:
        """Share of those that are not on the list."""
        return self.n_passed / max(self.n_passed + len(self.failed), 1)

    @property
    def differs(self) -> float:
        """Share of the list in all tests."""
        n_all = self.n_passed + len(self.failed) + len(self.listed)
        return len(self.listed) / max(n_all, 1)

    @property
    def is_good(self) -> bool:
        return self.passed >= _LEAST_PASSED and self.differs <= _MOST_LISTED

    def print_failures(self, details: bool) -> None:
        for outcome in self.failed:
            print(f"FAILED {self.part}: {outcome.test}")
            if details:
                print(outcome.failure)
        for test in self.stale:
            print(f"PASSED though listed: {test}")

    def __str__(self) -> str:
        return (
            f"{self.part}: {self.passed:.1%} of {self.n_passed + len(self.failed)} "
            f"tests passed; {len(self.listed)} more ({self.differs:.1%} of all) differ "
            "by design"
        )
