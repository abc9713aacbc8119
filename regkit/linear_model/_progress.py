"""What the models that choose alpha print with ``verbose``."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from regkit._text import count


class Progress:
    """Prints a line for each l1_ratio and a last one, where `verbose` asks for them.

    Parameters
    ----------
    model : estimator
        With the parameters `verbose` and `cv`; its time begins now.
    n_steps : int
        How many l1_ratios there are to choose from.
    """

    def __init__(self, model: Any, n_steps: int) -> None:
        self._model = model
        self._n_steps = n_steps
        self._step = 0
        self._begun = time.perf_counter()

    def begin(self, l1_ratio: float, n_alphas: int, n_folds: int) -> None:
        """Say what is evaluated next; without folds, `n_folds` is 0."""
        if not self._model.verbose:
            return
        self._step += 1
        text = count(n_alphas, "alpha")
        text += f", {_compared_by(self._model, n_folds)}"
        if hasattr(self._model, "l1_ratio"):
            text = f"l1_ratio {l1_ratio:.3g} ({self._step} of {self._n_steps}): {text}"
        self.say(text)

    def end(self, fitted: dict[str, Any]) -> None:
        """Say what was chosen, by the fitted attributes, and how long it took."""
        if not self._model.verbose:
            return
        alpha = np.asarray(fitted["alpha_"])
        text = f"alpha {float(alpha.min()):.3g}"
        if alpha.ndim:
            text = f"alphas {alpha.min():.3g} to {alpha.max():.3g}"
        if "l1_ratio_" in fitted:
            text += f" and l1_ratio {fitted['l1_ratio_']:.3g}"
        self.say(f"{text} chosen, {time.perf_counter() - self._begun:.2f} s")

    def say(self, text: str) -> None:
        """Print a line that begins with the name of the model."""
        if self._model.verbose:
            print(f"[{type(self._model).__name__}] {text}", flush=True)  # noqa: T201


def _compared_by(model: Any, n_folds: int) -> str:
    """Say what alphas are compared by."""
    if n_folds:
        return count(n_folds, "fold")
    if hasattr(model, "criterion"):
        return str(model.criterion).upper()
    if model.cv == "gcv":
        return "generalized cross-validation"
    return "each row left out"
