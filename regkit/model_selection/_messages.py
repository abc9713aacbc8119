"""What a search prints about each fit, in scikit-learn's words and at its levels."""

from typing import Any

from joblib.logger import short_format_time

_WIDTH = 80


def announce_start(
    verbose: int, parameters: dict[str, Any], split: Any, candidate: Any
) -> None:
    """Say that a fit begins, from ``verbose=10`` on.

    Parameters
    ----------
    verbose : int
        The search's.
    parameters : dict
        Of the candidate.
    split, candidate : tuple of (int, int)
        Which of how many.
    """
    if verbose > 9:
        progress = _progress(verbose, split, candidate)
        print(f"[CV{progress}] START {_listed(parameters)}".ljust(_WIDTH, "."))  # noqa: T201


def announce_end(
    verbose: int,
    parameters: dict[str, Any],
    split: Any,
    candidate: Any,
    result: dict[str, Any],
) -> None:
    """Say that a fit is done, and from ``verbose=3`` on how good it is.

    Parameters
    ----------
    verbose, parameters, split, candidate : object
        As in `announce_start`.
    result : dict
        Scores and times of the fit.
    """
    if verbose < 2:
        return
    start = f"[CV{_progress(verbose, split, candidate)}] END "
    message = _listed(parameters)
    if message:
        message += ";"
    if verbose > 2:
        message += _scores(result["test_scores"], result.get("train_scores"))
    seconds = result["fit_time"] + result["score_time"]
    message += f" total time={short_format_time(seconds)}"
    print(start + message.rjust(_WIDTH - len(start), "."))  # noqa: T201


def _progress(verbose: int, split: Any, candidate: Any) -> str:
    text = ""
    if verbose > 2:
        text = f" {split[0] + 1}/{split[1]}"
    if verbose > 9:
        text += f"; {candidate[0] + 1}/{candidate[1]}"
    return text


def _listed(parameters: dict[str, Any]) -> str:
    return ", ".join(f"{name}={parameters[name]}" for name in sorted(parameters))


def _scores(test: Any, train: Any) -> str:
    if not isinstance(test, dict):
        shown = (
            f"{test:.3f}" if train is None else f"(train={train:.3f}, test={test:.3f})"
        )
        return f", score={shown}"
    text = ""
    for name in sorted(test):
        seen = "" if train is None else f"train={train[name]:.3f}, "
        text += f" {name}: ({seen}test={test[name]:.3f})"
    return text
