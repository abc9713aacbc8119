"""A compared model as Python that makes it again, and a comparison as JSON."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from regkit._version import __version__
from regkit.comparison.findings import Findings, ModelResult
from regkit.comparison.sentence import summarize


def constructor(estimator: Any) -> str:
    """Write the call that makes an estimator: what differs from the defaults."""
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(
            type(estimator).__init__
        ).parameters.items()
    }
    given = [
        f"{name}={_literal(value)}"
        for name, value in estimator.get_params(deep=False).items()
        if not _same(value, defaults.get(name))
    ]
    return f"{type(estimator).__name__}({', '.join(given)})"


def _literal(value: Any) -> str:
    """Write a value with all its digits."""
    if hasattr(value, "get_params"):
        return constructor(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (list, tuple)):
        inner = ", ".join(map(_literal, value))
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


_JUDGE = {
    "rmse": (
        "np.mean((y[test] - model.predict({X})) ** 2)",
        "np.sqrt(np.mean(losses))",
    ),
    "mae": ("np.mean(np.abs(y[test] - model.predict({X})))", "np.mean(losses)"),
    "log_loss": (
        "log_loss(y[test], model.predict_proba({X}), labels=model.classes_)",
        "np.mean(losses)",
    ),
    "error_rate": ("np.mean(y[test] != model.predict({X}))", "np.mean(losses)"),
    "deviance": (
        "mean_poisson_deviance(y[test], model.predict({X}))",
        "np.mean(losses)",
    ),
}


def write_script(comparison: Findings, result: ModelResult, source: str | None) -> str:
    """Write a script that prints one model's test error, and fits it to all rows."""
    given, metric = comparison.given, comparison.metric
    encoder = given.columns.encoder
    imports = {"import numpy as np"}
    imports |= _imports(result.model)
    if encoder is not None:
        imports.add("from sklearn.pipeline import make_pipeline")
        imports.add("from regkit import TableEncoder")
    for helper, column in (
        ("group_values", given.group_name),
        ("time_values", given.time_name),
    ):
        if column is not None:
            imports.add(f"from regkit.comparison.tables import {helper}")
    if metric.name in ("log_loss", "deviance"):
        judge = {"log_loss": "log_loss", "deviance": "mean_poisson_deviance"}
        imports.add(f"from sklearn.metrics import {judge[metric.name]}")

    body, more = _body(comparison, result)
    imports |= more
    title = (
        f"{result.name} for {given.target_name}: test {metric.short} "
        f"{result.test_error!r}. Written by regkit {__version__}."
    )
    if given.target_column is None or encoder is None:
        source = source or "# Put here what defines X and y."
    else:
        reads = source or "# Put here what defines frame."
        source = "\n".join([reads, *table_code("frame", given)])
        if "read_table(" in reads:
            imports.add("from regkit import read_table")
    head = sorted(imports, key=_import_order)
    return "\n".join(
        [f'"""{title}"""'.replace("\\", "\\\\"), "", *head, "", source, "", *body, ""]
    )


def _body(comparison: Findings, result: ModelResult) -> tuple[list[str], set[str]]:
    """Write the lines that fit a model and print its error, and what they import."""
    metric, encoder = comparison.metric, comparison.given.columns.encoder
    encoded = "" if encoder is None else _encoder_code(encoder)

    def whole(model: Any) -> str:
        line = constructor(model)
        return line if encoder is None else f"make_pipeline({encoded}, {line})"

    taken = "X[{}]" if encoder is None else "X.take({})"
    split_lines, draw, imports = _split_code(comparison)
    loss, finish = _JUDGE[metric.name]
    loss = loss.format(X=taken.format("test"))
    steps = [f"train, test = {draw}", f"model.fit({taken.format('train')}, y[train])"]
    report = f'print("test {metric.short}:", {finish})'
    if len(result.models) == 1:
        body = [
            *split_lines,
            "# Tuned by cross-validation on the training rows.",
            f"model = {whole(result.model)}",
            *steps,
            f"losses = [{loss}]",
            report,
        ]
    else:
        models = "".join(f"    {whole(model)},\n" for model in result.models)
        body = [
            *split_lines,
            "# One model a split: each was tuned on its own training rows.",
            f"models = [\n{models}]",
            "losses = []",
            "for k, model in enumerate(models):",
            *(f"    {step}" for step in steps),
            f"    losses.append({loss})",
            report,
        ]
    body += [
        "",
        "# For new data: fitted on all rows.",
        f"model = {whole(result.model)}.fit(X, y)",
    ]
    return body, imports


def _encoder_code(encoder: Any) -> str:
    """Write an encoder of a table that has been read: no readings are needed."""
    return constructor(type(encoder)(indicators=encoder.indicators))


def table_code(table: str, given: Any) -> list[str]:
    """Write how a table is read: X, y, and what keeps rows together."""
    encoder = given.columns.encoder
    options = {**encoder.get_params(), "readings": given.readings or None}
    reader = constructor(type(encoder)(**options))
    name = given.target_name
    lines = [
        "# How columns are read is found from the whole table.",
        f"X, target = {reader}.read_with_target({table}, {name!r})",
        "y = np.asarray(target.labels)[target.values]"
        if given.target_column.labels
        else "y = target.values",
    ]
    for variable, column in (("groups", given.group_name), ("time", given.time_name)):
        if column is not None:
            kind = variable.removesuffix("s")
            lines.append(
                f"{variable} = {kind}_values({table}, {column!r})[target.kept]"
            )
    return lines


def _split_code(
    comparison: Findings,
) -> tuple[list[str], str, set[str]]:
    """Write what divides the rows: lines before the loop, the call in it, imports."""
    given, plan = comparison.given, comparison.plan
    several = len(comparison.splits) > 1
    k = "k" if several else "0"
    if given.time is not None:
        n = given.target.values.size
        n_test = int(np.ceil(plan.test_size * n))
        return (
            [
                'order = np.argsort(time, kind="stable")',
                f"blocks = np.array_split(np.arange({n - n_test}, {n}), "
                f"{plan.n_repeats})",
            ],
            f"order[: blocks[{k}][0]], order[blocks[{k}]]",
            set(),
        )
    seed = f"{plan.seed} + k" if several and plan.seed is not None else f"{plan.seed}"
    options = f"test_size={plan.test_size!r}, random_state={seed}"
    if given.groups is not None:
        return (
            ["rows = np.arange(len(y))"],
            f"next(GroupShuffleSplit(1, {options}).split(rows, groups=groups))",
            {"from sklearn.model_selection import GroupShuffleSplit"},
        )
    stratify = ", stratify=y" if given.target.codes is not None else ""
    return (
        ["rows = np.arange(len(y))"],
        f"train_test_split(rows, {options}{stratify})",
        {"from sklearn.model_selection import train_test_split"},
    )


def _imports(estimator: Any) -> set[str]:
    """Write what an estimator, and those inside of it, need."""
    inside = [
        value
        for value in estimator.get_params(deep=False).values()
        if hasattr(value, "get_params")
    ]
    return {_import(estimator)}.union(*map(_imports, inside))


def _import(estimator: Any) -> str:
    kind = type(estimator)
    if kind.__module__.startswith("regkit.tables"):
        return f"from regkit.tables import {kind.__name__}"
    if kind.__module__.startswith("regkit."):
        return f"from regkit import {kind.__name__}"
    if kind.__module__.startswith("sklearn."):
        package = kind.__module__.split("._")[0]
        return f"from {'.'.join(package.split('.')[:2])} import {kind.__name__}"
    return f"from {kind.__module__} import {kind.__name__}"


def _import_order(line: str) -> tuple[int, str]:
    for k, start in enumerate(("import ", "from sklearn", "from regkit")):
        if line.startswith(start):
            return k, line
    return 1, line


def as_json(comparison: Findings) -> dict[str, Any]:
    """Give numbers and sentences as what JSON can hold."""
    given, plan = comparison.given, comparison.plan
    classes = comparison.target.classes
    return {
        "regkit": __version__,
        "target": given.target_name,
        "task": comparison.target.task,
        "classes": None if classes is None else classes.tolist(),
        "metric": comparison.metric.name,
        "n_train": comparison.n_train,
        "n_test": comparison.n_test,
        "n_columns": comparison.n_columns,
        "n_features": comparison.n_features,
        "test_size": plan.test_size,
        "n_folds": plan.n_folds,
        "n_splits": len(comparison.splits),
        "seed": plan.seed,
        "constant_error": comparison.mean_error,
        "recommended": comparison.recommended,
        "models": [_model(result) for result in comparison.results],
        "summary": summarize(comparison),
        "warnings": list(comparison.warnings),
        "notes": list(comparison.notes),
    }


def _model(result: ModelResult) -> dict[str, Any]:
    numbers = {
        name: getattr(result, name)
        for name in (
            *("name", "train_error", "test_error", "test_error_se", "cv_error"),
            *("cv_error_se", "equal_to_best", "n_nonzero", "alpha", "l1_ratio"),
            *("dropout", "seconds"),
        )
    }
    scores = {
        name: None if np.isnan(value) else value
        for name, value in result.scores.items()
    }
    return numbers | scores | {"python": constructor(result.model)}
