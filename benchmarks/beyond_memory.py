"""Cross-validation on a file larger than the memory allowed, and on two processes.

    python -m benchmarks.beyond_memory                # 1 GB
    python -m benchmarks.beyond_memory --gigabytes 6  # needs that much disk
    python -m benchmarks.beyond_memory --classes      # logistic regression

The file holds float32 rows of 300 columns. Processes in turn: one reads the file from
end to end, as fast as it can; one fits `LassoRegressorCV` (5 folds, 100 alphas) from
the memory map, its private memory limited to 1.5 GB (``resource.RLIMIT_DATA``); one is
the client of a Dask cluster of two worker processes with one thread each; one leaves
out each row in turn, `RidgeRegressorCV` with 100 alphas, in the same 1.5 GB. Every time
is printed with the file in the page cache and, where the system lets go of it, without;
first of all what the processor can multiply. With ``--classes`` logistic regression of
the sign of y, one fit, and 100 alphas down to alpha_max/100 with five folds: in passes
over chunks of the map, and in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

P = 300
LIMIT = 1500 << 20
BLOCK = 50_000


def write_rows(directory: Path, n: int) -> None:
    rng = np.random.default_rng(0)
    coef = np.zeros(P)
    coef[:40] = rng.standard_normal(40)
    y = np.empty(n)
    with (directory / "X").open("wb") as file:
        for start in range(0, n, BLOCK):
            rows = min(BLOCK, n - start)
            X = rng.standard_normal((rows, P), dtype=np.float32)
            X[:, 1:] += 0.5 * X[:, :-1]
            X += np.arange(P, dtype=np.float32) / 30  # means of up to 9 deviations
            file.write(X.tobytes())
            y[start : start + rows] = X @ coef + 20.0 * rng.standard_normal(rows)
        file.flush()
        os.fsync(file.fileno())
    np.save(directory / "y.npy", y)


def forget(directory: Path) -> None:
    """Ask the system to drop the file from its cache."""
    with (directory / "X").open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def rows(path: str, start: int, stop: int) -> Any:
    shape = (stop - start, P)
    return np.memmap(path, np.float32, "r", offset=4 * P * start, shape=shape)


def read(directory: Path, y: Any) -> dict[str, Any]:
    buffer = bytearray(1 << 24)
    started = time.perf_counter()
    with (directory / "X").open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    return {"seconds": time.perf_counter() - started}


def multiply(directory: Path, y: Any) -> dict[str, Any]:
    """Multiplications and additions in float64, 1e9 a second, at BLAS's best."""
    A, X = np.ones((4000, 4000)), np.ones((2000, P))
    return {
        "square": 2e-9 * len(A) ** 3 / _least_seconds(lambda: A @ A, 3),
        "gram": _gram_rate(X),
    }


def _least_seconds(task: Any, repeats: int) -> float:
    times = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        task()
        times.append(time.perf_counter() - started)
    return min(times[1:])


def _gram_rate(X: Any) -> float:
    """n p² a second of XᵀX in cache, one BLAS thread on each core."""
    from concurrent.futures import ThreadPoolExecutor

    from threadpoolctl import threadpool_limits

    count = len(os.sched_getaffinity(0))
    with threadpool_limits(1), ThreadPoolExecutor(count) as pool:

        def everywhere() -> None:
            list(pool.map(lambda _: [X.T @ X for _ in range(50)], range(count)))

        return 1e-9 * count * 50 * X.size * P / _least_seconds(everywhere, 5)


def fit(directory: Path, y: Any) -> dict[str, Any]:
    from regkit import LassoRegressorCV

    return _limited(LassoRegressorCV(cv=5, alphas=100), directory, y)


def ridge(directory: Path, y: Any) -> dict[str, Any]:
    from regkit import RidgeRegressorCV

    return _limited(RidgeRegressorCV(alphas=100), directory, y)


def _limited(model: Any, directory: Path, y: Any) -> dict[str, Any]:
    import resource

    from regkit import RowChunks

    X = rows(str(directory / "X"), 0, len(y))
    model.fit(RowChunks(X[:1000]), y[:1000])  # compiles
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    started = time.perf_counter()
    model.fit(X, y)
    return _report(model, time.perf_counter() - started)


def cluster(directory: Path, y: Any) -> dict[str, Any]:
    import dask
    import dask.array as da
    import distributed

    from regkit import LassoRegressorCV

    step = 4 * BLOCK
    part = dask.delayed(rows)
    X = da.concatenate(
        [
            da.from_delayed(
                part(str(directory / "X"), start, min(len(y), start + step)),
                (min(len(y), start + step) - start, P),
                np.float32,
            )
            for start in range(0, len(y), step)
        ]
    )
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as workers,
        distributed.Client(workers),
    ):
        LassoRegressorCV().fit(X[:2000].rechunk((1000, P)), y[:2000])
        started = time.perf_counter()
        model = LassoRegressorCV(cv=5, alphas=100).fit(X, y)
        return _report(model, time.perf_counter() - started)


def _report(model: Any, seconds: float) -> dict[str, Any]:
    import resource

    gap = model.dual_gap_
    if hasattr(model, "path_"):
        gap = np.max(model.path_.dual_gaps) / model.path_.null_objective
    return {
        "seconds": seconds,
        "gap": float(gap),
        "nonzeros": int(np.count_nonzero(model.coef_)),
        "alpha": model.alpha_,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _classes(model: Any, directory: Path, y: Any, is_held: bool) -> dict[str, Any]:
    """Fit the sign of y, from chunks of which the passes are counted, or in memory."""
    from regkit import RowChunks

    X = rows(str(directory / "X"), 0, len(y))
    labels = y > np.median(y)
    passes = []

    def chunks() -> Any:
        passes.append(1)
        return (X[start : start + BLOCK] for start in range(0, len(y), BLOCK))

    model.fit(RowChunks(X[:2000]), labels[:2000])  # compiles
    model.fit(X[:2000], labels[:2000])
    table = np.array(X) if is_held else RowChunks(chunks)
    passes.clear()
    started, busy = time.perf_counter(), time.process_time()
    model.fit(table, labels)
    seconds = time.perf_counter() - started
    if not hasattr(model, "alpha_"):
        model.alpha_ = model.alpha
    return _report(model, seconds) | {
        "passes": len(passes),
        "processor": time.process_time() - busy,
    }


def classifiers() -> dict[str, Any]:
    from regkit import LogisticClassifier, LogisticClassifierCV

    return {
        "one fit": LogisticClassifier(0.01),
        "five folds": LogisticClassifierCV(alphas=100, eps=1e-2, cv=5),
    }


def compare_classes(directory: Path) -> None:
    """Print what fits of classes take from chunks and in memory."""
    for name in classifiers():
        for place in ("chunks", "memory"):
            found = measure(f"{name}, {place}", directory)
            note = f"{found['passes']} passes, " if found["passes"] else ""
            print(
                f"{name:10s} {place:6s} {found['seconds']:6.1f} s, "
                f"{found['processor']:6.1f} s of processors, {note}gap "
                f"{found['gap']:.0e}, {found['nonzeros']} nonzero, peak "
                f"{found['megabytes']:,} MB resident",
                flush=True,
            )


TASKS = {"read": read, "fit": fit, "cluster": cluster, "ridge": ridge}


def measure(task: str, directory: Path) -> dict[str, Any]:
    """Run a task in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.beyond_memory", "--task", task]
    command += ["--directory", str(directory)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument(
        "--directory", type=Path, help="with the rows of an earlier run"
    )
    parser.add_argument(
        "--classes", action="store_true", help="fit classes, by logistic regression"
    )
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        warnings.simplefilter("ignore")
        y = np.load(options.directory / "y.npy")
        name, _, place = options.task.partition(", ")
        if place:
            model = classifiers()[name]
            found = _classes(model, options.directory, y, place == "memory")
        else:
            found = {**TASKS, "multiply": multiply}[name](options.directory, y)
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as temporary:
        directory = options.directory or Path(temporary)
        directory.mkdir(exist_ok=True)
        if not (directory / "y.npy").exists():
            write_rows(directory, int(options.gigabytes * 1e9 / (4 * P)))
        size = (directory / "X").stat().st_size / 1e9
        print(f"{size:.1f} GB, {size * 1e9 / 4 / P:,.0f} rows of {P} float32 columns")
        if options.classes:
            compare_classes(directory)
            return
        rate = measure("multiply", directory)
        print(
            f"float64: {rate['square']:.0f} GFLOP/s for square matrices, "
            f"{rate['gram']:.0f} for rows of {P} columns: at least "
            f"{size * P / 4 / rate['gram']:.1f} s for n p² of them"
        )
        for state in ("from the page cache", "dropped from the page cache"):
            once = None
            for task in TASKS:
                if state.startswith("dropped"):
                    forget(directory)
                elif task == "read":
                    read(directory, None)
                found = measure(task, directory)
                once = once or found["seconds"]
                note = f"{found['seconds'] / once:.2f} reads"
                if "gap" in found:
                    note += f", gap {found['gap']:.0e}, {found['nonzeros']} nonzero"
                    note += f", peak {found['megabytes']:,} MB resident"
                print(f"{state:28s} {task:8s} {found['seconds']:6.2f} s  {note}")


if __name__ == "__main__":
    main()
