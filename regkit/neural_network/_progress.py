"""Progress told to whoever asked: printed lines and scikit-learn's callbacks."""

from collections.abc import Callable
from typing import Any

import numpy as np

from regkit.solvers.networks.trainer import Epoch

__all__ = ["CallbackSupportMixin", "Progress", "with_callbacks"]

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn before 1.9 has no callbacks

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in for scikit-learn's class of this name."""

    def with_callbacks(method: Any) -> Any:
        """Return the method itself."""
        return method


class Progress:
    """Observe the trainer for one fit.

    Parameters
    ----------
    estimator : estimator
        What is fitted, for the callbacks.
    context : object or None
        The callbacks' context of this fit; None without callbacks.
    attributes : callable
        Gives the fitted attributes as they are now, asked only by callbacks that want
        a fitted estimator.
    data : dict
        What callbacks may see: "X", "y" and "metadata".
    """

    def __init__(
        self,
        estimator: Any,
        context: Any,
        attributes: Callable[[], dict[str, Any]],
        data: dict[str, Any],
    ) -> None:
        self.estimator = estimator
        self.context = context
        self.attributes = attributes
        self.data = data
        self.task: Any = None

    def begin(self) -> None:
        """Open a task for the epoch."""
        if self.context is not None:
            self.task = self.context.subcontext(task_name="epoch")
            self.task.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def end(self, epoch: Epoch) -> bool:
        """Print a line, close the epoch's task; True when a callback wants to stop."""
        if self.estimator.verbose:
            line = f"Epoch {epoch.number}, loss = {epoch.loss:.6g}"
            if not np.isnan(epoch.validation_loss):
                line += f", validation loss = {epoch.validation_loss:.6g}"
            print(line, flush=True)  # noqa: T201
        if self.context is None:
            return False
        return bool(
            self.task.call_on_fit_task_end(
                estimator=self.estimator,
                reconstruction_attributes=self.attributes,
                **self.data,
            )
        )
