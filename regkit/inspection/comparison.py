"""What a comparison of regularizers found: text, frame, picture and page."""

from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from regkit.inspection._drawing import make_figure, require_matplotlib
from regkit.inspection._fonts import all_scripts, lacking_characters
from regkit.inspection._html_report import render_page
from regkit.inspection._sentence import summarize
from regkit.inspection._table import render_table
from regkit.inspection.comparison_display import RegularizerComparisonDisplay
from regkit.inspection.path_display import RegularizationPathDisplay
from regkit.inspection.selection_display import AlphaSelectionDisplay

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from regkit.tables import TableEncoder

Metric = Literal["rmse", "mae"]

_COLUMNS = (
    "train_error",
    "test_error",
    "test_error_se",
    "gap",
    "cv_error",
    "n_nonzero",
    "alpha",
    "l1_ratio",
    "dropout",
    "seconds",
)


@dataclass(frozen=True, eq=False)
class ModelResult:
    """One row of a comparison.

    Attributes
    ----------
    name : str
        The model; for Elastic Net with the share of L1 that was chosen.
    train_error, test_error : float
        Error on the training and on the test rows, in the metric of the comparison.
    test_error_se : float
        Standard error of `test_error`, from the spread over the test rows.
    cv_error : float or None
        Cross-validated error within the training rows at the chosen penalty; None for
        least squares, which has nothing to choose.
    n_nonzero : int
        Nonzero coefficients, or weights of a network.
    alpha, l1_ratio, dropout : float or None
        The chosen penalty, as `estimator` takes it for y in its own units, and the rate
        of a network; None where the model has none.
    seconds : float
        Wall-clock time of tuning and of the final fit.
    estimator : estimator
        Fitted on all training rows.
    test_losses : ndarray of shape (n_test,)
        Squared (rmse) or absolute (mae) error of each test row.
    selection : AlphaSelectionDisplay or None
        How alpha was chosen; draw it with ``selection.plot()``. Linear models only.
    path : RegularizationPathDisplay or None
        Coefficients along alpha on the training rows; draw it with ``path.plot()``.
        Lasso and Elastic Net only.
    """

    name: str
    train_error: float
    test_error: float
    test_error_se: float
    cv_error: float | None
    n_nonzero: int
    alpha: float | None
    l1_ratio: float | None
    dropout: float | None
    seconds: float
    estimator: Any = field(repr=False)
    test_losses: NDArray[np.float64] = field(repr=False)
    selection: AlphaSelectionDisplay | None = field(default=None, repr=False)
    path: RegularizationPathDisplay | None = field(default=None, repr=False)

    @property
    def gap(self) -> float:
        """Test error minus training error."""
        return self.test_error - self.train_error

    @property
    def is_network(self) -> bool:
        """Whether `n_nonzero` counts the weights of a network."""
        return hasattr(self.estimator, "coefs_")


@dataclass(frozen=True, eq=False)
class RegularizerComparison:
    """What `compare_regularizers` found; prints as an aligned table.

    Attributes
    ----------
    results : tuple of ModelResult
        One a model, in the order of the table.
    metric : {"rmse", "mae"}
        The error shown.
    n_train, n_test, n_features : int
        Rows of the two parts, and columns.
    n_folds : int
        Folds that chose the penalties.
    mean_error : float
        Test error of predicting the mean (median for "mae") of the training target.
    encoder : TableEncoder or None
        How the columns of a table became numbers, fitted on the training rows; its
        `columns_` say what became of each. None for an array.

    See Also
    --------
    compare_regularizers : Makes it.
    """

    results: tuple[ModelResult, ...]
    metric: Metric
    n_train: int
    n_test: int
    n_features: int
    n_folds: int
    mean_error: float
    encoder: "TableEncoder | None" = field(default=None, repr=False)

    @property
    def best_(self) -> ModelResult:
        """The result with the smallest test error; the first of equals."""
        return min(self.results, key=lambda result: result.test_error)

    def __getitem__(self, name: str) -> ModelResult:
        """Return the result whose name starts so, such as ``comparison["Lasso"]``."""
        for result in self.results:
            if result.name.startswith(name):
                return result
        names = ", ".join(result.name for result in self.results)
        raise KeyError(f"no model {name!r}; there are: {names}")

    def __repr__(self) -> str:
        return render_table(self)

    def summary(self) -> str:
        """Say in one sentence what was found.

        Returns
        -------
        sentence : str
            Which model predicts the test rows best, by how much, with how many
            columns, and whether the difference can be chance.
        """
        return summarize(self)

    def to_frame(self) -> "pd.DataFrame":
        """Return the table as a pandas DataFrame indexed by model.

        Returns
        -------
        frame : DataFrame of shape (n_models, 10)
            The numbers of each `ModelResult`.

        Raises
        ------
        ImportError
            Without pandas.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "to_frame needs pandas: install it with `pip install pandas`"
            ) from error
        return pd.DataFrame(
            [[getattr(result, c) for c in _COLUMNS] for result in self.results],
            columns=pd.Index(_COLUMNS),
            index=pd.Index([result.name for result in self.results], name="model"),
        )

    def plot(
        self, ax: "Axes | None" = None, **kwargs: Any
    ) -> RegularizerComparisonDisplay:
        """Draw training and test error of each model, and the gap between them.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        **kwargs
            Passed on to matplotlib's `scatter` for the test errors.

        Returns
        -------
        display : RegularizerComparisonDisplay
            Drawn: with `ax_`, `figure_` and the artists.
        """
        return RegularizerComparisonDisplay.from_comparison(self, ax=ax, **kwargs)

    def save_figure(self, path: str | PathLike[str], *, dpi: float = 200) -> None:
        """Draw the picture of `plot` into a file, without a window system.

        Parameters
        ----------
        path : str or path
            Where to write; the ending says what: ``.png``, ``.svg``, ``.pdf``.
        dpi : float, default=200
            Points an inch, of a PNG.

        Raises
        ------
        ImportError
            Without matplotlib.
        """
        require_matplotlib("save_figure")
        figure = make_figure(7.4, 4.3)
        with all_scripts() as lacking:
            self.plot(figure.subplots())
            figure.savefig(path, dpi=dpi)
            lacking |= lacking_characters(figure)

    def to_html(
        self,
        title: str = "Comparison of regularizers",
        *,
        notes: tuple[str, ...] = (),
        command: str | None = None,
    ) -> str:
        """Write a page with the finding, the table and pictures, all in one file.

        The pictures are part of the page, which needs nothing from elsewhere and
        follows the reader's choice of a light or dark theme and width of the window.

        Parameters
        ----------
        title : str, default="Comparison of regularizers"
            Heading of the page.
        notes : tuple of str, default=()
            Sentences about the data.
        command : str, default=None
            The command that makes the page again.

        Returns
        -------
        page : str
            HTML, to be saved in UTF-8.

        Raises
        ------
        ImportError
            Without matplotlib.
        """
        return render_page(self, title, notes, command)
