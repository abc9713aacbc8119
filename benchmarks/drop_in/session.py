"""One part's tests in a process of their own: session.py PART RESULTS."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.drop_in.parts import PARTS, install, used
from benchmarks.drop_in.unrelated import is_unrelated


class _Recorder:
    """Pytest plugin that notes how each test that counts has ended."""

    def __init__(self) -> None:
        self.outcomes: list[dict[str, str]] = []

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        items[:] = [item for item in items if not is_unrelated(item.name)]

    def pytest_runtest_setup(self, item: Any) -> None:
        used.clear()

    def pytest_runtest_logreport(self, report: Any) -> None:
        ended = report.when == "call" or report.failed
        if ended and not report.skipped and used:
            name = report.nodeid.rpartition("::")[2]
            failure = report.longreprtext if report.failed else ""
            self.outcomes.append({"test": name, "failure": failure})


def main(name: str, results: str) -> None:
    part = PARTS[name]
    install(part)
    recorder = _Recorder()
    options = ["-c", "/dev/null", "--rootdir", ".", "-p", "no:cacheprovider"]
    style = ["-q", "--tb=short", "--pyargs", part.tests]
    pytest.main(options + style, plugins=[recorder])
    Path(results).write_text(json.dumps(recorder.outcomes), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
