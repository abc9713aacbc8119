"""Progress as it is reported: printed lines and scikit-learn's callbacks."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from regkit.solvers.networks.trainer import Epoch

__all__ = ["CallbackSupportMixin", "TrainingProgress", "with_callbacks"]

if TYPE_CHECKING:
    Method = TypeVar("Method", bound=Callable[..., Any])

    class CallbackSupportMixin:
        """With types, of which scikit-learn ships none."""

    def with_callbacks(method: Method) -> Method:
        """Return the method, which keeps its type."""
        return method
else:
    try:
        from sklearn.callback import CallbackSupportMixin, with_callbacks
    except ImportError:  # scikit-learn before 1.9 has no callbacks

        class CallbackSupportMixin:
            """Stands in for scikit-learn's class of this name."""

        def with_callbacks(method: Any) -> Any:
            """Return the method itself."""
            return method


@dataclass(eq=False)
class TrainingProgress:
    """Observe the trainer for one fit."""

    estimator: Any
    """What is fitted, for the callbacks."""
    context: Any
    """The callbacks' context of this fit; None without callbacks."""
    attributes: Callable[[], dict[str, Any]]
    """Gives the fitted attributes as they are now, asked only by callbacks that want a
    fitted estimator.
    """
    data: dict[str, Any]
    """What callbacks may see: "X", "y" and "metadata"."""
    title: str = ""
    """Which of several networks is trained."""
    task: Any = field(default=None, init=False)
    _begun: float = field(default=0.0, init=False)
    _best: float = field(default=np.inf, init=False)

    def begin(self) -> None:
        """Open a task for the epoch."""
        self._begun = time.perf_counter()
        if self.context is not None:
            self.task = self.context.subcontext(task_name="epoch")
            self.task.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def end(self, epoch: Epoch) -> bool:
        """Print a line, close the epoch's task; True when a callback stops the run."""
        if self.estimator.verbose:
            self._print(epoch)
        if self.context is None:
            return False
        return bool(
            self.task.call_on_fit_task_end(
                estimator=self.estimator,
                reconstruction_attributes=self.attributes,
                **self.data,
            )
        )

    def _print(self, epoch: Epoch) -> None:
        """Print a row of a table: losses, a mark at the best so far, seconds."""
        validated = not np.isnan(epoch.validation_loss)
        if epoch.number == 1:
            if self.title:
                print(self.title)  # noqa: T201
            middle = "  validation" if validated else ""
            print(f"epoch        loss{middle}  best   seconds")  # noqa: T201
        monitored = epoch.validation_loss if validated else epoch.loss
        mark = "*" if monitored < self._best else ""
        self._best = min(self._best, monitored)
        middle = f"  {epoch.validation_loss:10.5g}" if validated else ""
        seconds = time.perf_counter() - self._begun
        print(  # noqa: T201
            f"{epoch.number:5d}  {epoch.loss:10.5g}{middle}  {mark:>4}  {seconds:8.3f}",
            flush=True,
        )
