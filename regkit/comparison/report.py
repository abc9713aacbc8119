"""A comparison as one page: the finding, the tables, and pictures, all in one file."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from regkit._version import __version__
from regkit.comparison.code import constructor
from regkit.comparison.coefficients import coefficient_table
from regkit.comparison.findings import Findings
from regkit.comparison.numbers import error_text
from regkit.comparison.report_pictures import figures
from regkit.comparison.sentence import summarize
from regkit.comparison.table import (
    cells,
    describe,
    error_size,
    explain,
    header,
    mark,
    time_text,
)
from regkit.inspection._drawing import require_matplotlib

_MARKS = {"*": "recommended", "=": "equal to the best", " ": ""}
_MOST_COEFFICIENTS = 200


def render_page(
    comparison: Findings,
    title: str,
    notes: Sequence[str],
    command: str | None,
) -> str:
    """Fill the page; see `RegularizerComparison.to_html`."""
    require_matplotlib("to_html")
    template = files("regkit.comparison").joinpath("report.html").read_text("utf-8")
    made_by = f"Made by regkit {__version__}"
    parts = {
        "title": escape(title),
        "finding": escape(summarize(comparison)),
        "warnings": _warnings(comparison),
        "data": "\n".join(
            f"<p>{escape(line[0].upper() + line[1:])}</p>"
            for line in describe(comparison)
        ),
        "table": results_table(comparison),
        "legend": "\n".join(
            f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>"
            for name, text in explain(comparison).items()
            if name not in ("*", "=")
        ),
        "coefficients": _coefficients(comparison),
        "pictures": figures(comparison),
        "columns": _columns(comparison, notes),
        "python": _python(comparison),
        "made_by": (
            made_by
            if command is None
            else f"{made_by} with <code>{escape(command)}</code>"
        ),
    }
    for name, text in parts.items():
        template = template.replace(f"<!-- {name} -->", text)
    return template


def render_table_html(comparison: Findings) -> str:
    """Give the finding and the table alone, for a notebook."""
    return f"<p>{escape(summarize(comparison))}</p>\n{results_table(comparison)}"


def _warnings(comparison: Findings) -> str:
    if not comparison.warnings:
        return ""
    items = "".join(f"<li>{escape(text)}</li>" for text in comparison.warnings)
    return f'<ul class="warnings">{items}</ul>'


def results_table(comparison: Findings) -> str:
    """Write the table of models."""
    size = error_size(comparison)
    head = [*header(comparison)[:-1], "CV error", "chosen", "time"]
    rows = []
    for result in comparison.results:
        name, *others = cells(comparison, result)
        cv = "-"
        if result.cv_error is not None:
            cv = error_text(result.cv_error, size)
            if result.cv_error_se is not None:
                cv += f" ± {error_text(result.cv_error_se, size)}"
        others[-1:] = [cv, others[-1], time_text(result.seconds)]
        data = "".join(
            f'<td data-label="{escape(label)}">{escape(text)}</td>'
            for label, text in zip(head[1:], others, strict=True)
        )
        sign = mark(comparison, result)
        kind = ' class="best"' if sign == "*" else ""
        note = f'<br><span class="mark">{_MARKS[sign]}</span>' if _MARKS[sign] else ""
        rows.append(f'<tr{kind}><th scope="row">{escape(name)}{note}</th>{data}</tr>')
    top = "".join(f'<th scope="col">{escape(label)}</th>' for label in head)
    return (
        '<div class="wide"><table class="models">'
        f"<thead><tr>{top}</tr></thead>\n<tbody>\n"
        + "\n".join(rows)
        + "\n</tbody></table></div>"
    )


def _coefficients(comparison: Findings) -> str:
    """List the kept columns of the recommended model, or of the best linear one."""
    linear = [result for result in comparison.results if result.is_linear]
    if not linear:
        return ""
    chosen = comparison.recommended_
    if not chosen.is_linear:
        chosen = min(linear, key=lambda result: result.test_error)
    table = coefficient_table(comparison, chosen)
    classes = table.classes or [""]
    shown = len(table.names[:_MOST_COEFFICIENTS])
    rows = [
        "<tr>"
        + f'<th scope="row">{escape(table.names[j])}</th>'
        + "".join(
            f"<td>{table.coefs[j, k]:.4g}</td><td>{table.standardized[j, k]:.4g}</td>"
            for k in range(len(classes))
        )
        + "</tr>"
        for j in range(shown)
    ]
    intercepts = "".join(f"<td>{value:.4g}</td><td></td>" for value in table.intercept)
    rows.append(f'<tr><th scope="row">intercept</th>{intercepts}</tr>')
    rest = len(table.names) - shown
    more = f"<p>And {rest} smaller ones.</p>" if rest else ""
    return (
        f"<h2>Coefficients of {escape(chosen.name)}</h2>\n"
        f"<p>{len(table.names)} of {comparison.n_features} columns have one. "
        "<em>coefficient</em>: change of the prediction for one unit of the column"
        f"{_scale_of(comparison)}; <em>standardized</em>: for one standard deviation "
        "of it, which is what can be compared. A penalty shrinks them: they predict, "
        "and are no estimates of effects.</p>\n"
        f'<div class="wide"><table class="coefficients"><thead>{_head(classes)}</thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>{more}"
    )


def _head(classes: list[str]) -> str:
    """Name the two numbers of each class, below the classes where there are any."""
    two = '<th scope="col">coefficient</th><th scope="col">standardized</th>'
    if len(classes) == 1:
        return f'<tr><th scope="col">column</th>{two}</tr>'
    above = "".join(
        f'<th scope="colgroup" colspan="2">{escape(name)}</th>' for name in classes
    )
    return (
        f'<tr><th scope="col" rowspan="2">column</th>{above}</tr>'
        f"<tr>{two * len(classes)}</tr>"
    )


def _scale_of(comparison: Findings) -> str:
    if comparison.target.task == "classification":
        return ", on the scale of log-odds"
    if comparison.target.task == "counts":
        return ", on the scale of the logarithm"
    return ""


def _columns(comparison: Findings, notes: Sequence[str]) -> str:
    """List how each column of a table was read, and what was noted."""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>'
        for name, text in comparison.given.columns.summaries()
    )
    table = (
        '<div class="wide"><table class="readings"><thead><tr><th scope="col">column'
        f'</th><th scope="col">read as</th></tr></thead><tbody>{rows}</tbody></table>'
        "</div>"
    )
    told = dict.fromkeys([*comparison.notes, *notes])
    items = "".join(f"<li>{escape(text)}</li>" for text in told)
    parts = [table if rows else "", f"<ul>{items}</ul>" if items else ""]
    body = "\n".join(filter(None, parts))
    return f"<h2>How the columns were read</h2>\n{body}" if body else ""


def _python(comparison: Findings) -> str:
    """Show the line of Python of each model."""
    lines = "\n".join(
        f"# {result.name}\n{constructor(result.model)}" for result in comparison.results
    )
    return (
        "<h2>In Python</h2>\n"
        "<p>The models with the parameters that were found"
        f"{', of the first split' if len(comparison.splits) > 1 else ''}; "
        "fitted on the training rows, they give the errors above.</p>\n"
        f"<pre>{escape(lines)}</pre>"
    )
