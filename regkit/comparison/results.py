"""What a comparison found: text, frame, picture, page, code and a saved model."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

from sklearn.pipeline import make_pipeline

from regkit._describe import described_as
from regkit._pandas import require_pandas
from regkit.comparison import saving
from regkit.comparison.code import as_json, constructor, write_script
from regkit.comparison.coefficients import coefficient_table
from regkit.comparison.display import RegularizerComparisonDisplay
from regkit.comparison.findings import Findings
from regkit.comparison.report import render_page, render_table_html
from regkit.comparison.sentence import summarize
from regkit.comparison.table import render_table
from regkit.inspection._drawing import make_figure, require_matplotlib
from regkit.inspection._fonts import all_scripts, lacking_characters

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_FIELDS = (
    "train_error",
    "test_error",
    "test_error_se",
    "gap",
    "cv_error",
    "cv_error_se",
    "n_nonzero",
    "alpha",
    "l1_ratio",
    "dropout",
    "seconds",
    "equal_to_best",
)


@dataclass(frozen=True, eq=False)
class RegularizerComparison(Findings):
    """What `compare_regularizers` found; prints as an aligned table.

    Attributes
    ----------
    results : tuple of ModelResult
        One a model, in the order of the table.
    recommended : str
        Name of the simplest model within one standard error of the best.
    target : ComparisonTarget
        The target: ``target.task`` says what it holds, ``target.classes`` the classes.
    metric : Metric
        The error shown; ``metric.name`` is what the parameter takes.
    mean_error : float
        Test error of the best prediction without columns.
    constant_equal : bool
        Whether that is as good as the best model, within one standard error.
    n_train, n_test : int
        Rows of the two parts of the first split.
    n_columns, n_features : int
        Columns of X as given, and numbers that models see.
    plan : Plan
        Share of test rows, folds, repeats, seed.
    splits : tuple of Split
        Rows of each split.
    names : list of str or None
        Of what models see.
    encoder : transformer or None
        Fitted on the training rows of the first split.
    warnings : tuple of str
        What makes the errors doubtful.

    See Also
    --------
    compare_regularizers : Makes it.
    """

    def __repr__(self) -> str:
        return render_table(self)

    def _repr_html_(self) -> str:
        return render_table_html(self)

    def summary(self) -> str:
        """Say what was found.

        Returns
        -------
        sentences : str
            Which model to take and why, its error, what equals it, and how far the
            others are behind.
        """
        return summarize(self)

    def estimator(self, name: str | None = None) -> Any:
        """Return a fitted model that predicts for rows as they were given.

        Parameters
        ----------
        name : str, default=None
            The model; None for the recommended one.

        Returns
        -------
        estimator : estimator or Pipeline
            Fitted on the training rows of the first split; with the encoder before it
            where X was a data frame.
        """
        result = self.recommended_ if name is None else self[name]
        if self.encoder is None:
            return result.model
        return make_pipeline(self.encoder, result.model)

    @described_as(estimator)
    def refit(self, name: str | None = None) -> Any:
        """Fit a model with the parameters found on all rows, for new data.

        Returns
        -------
        estimator : estimator or Pipeline
            As of `estimator`, fitted on training and test rows.
        """
        return saving.refit(self, self.recommended_ if name is None else self[name])

    @described_as(estimator)
    def save(self, path: str | PathLike[str], name: str | None = None) -> None:
        """Save what `refit` returns, for `joblib.load` or ``regkit predict``.

        Parameters
        ----------
        path : str or path
            Where to write; ``.joblib``.
        """
        saving.save(self.refit(name), path, self.given.target_name)

    @described_as(estimator)
    def line(self, name: str | None = None) -> str:
        """Write one line of Python that makes a model, with all digits.

        Returns
        -------
        line : str
            Such as ``LassoRegressor(alpha=2.0892961308540396, standardize=True)``.
        """
        return constructor((self.recommended_ if name is None else self[name]).model)

    @described_as(estimator)
    def code(self, source: str | None = None, name: str | None = None) -> str:
        """Write a Python script that fits a model and prints the test error again.

        Parameters
        ----------
        source : str, default=None
            Python that defines ``X`` and ``y``; None for a comment to replace.

        Returns
        -------
        script : str
            Complete where `source` is given.
        """
        result = self.recommended_ if name is None else self[name]
        return write_script(self, result, source)

    @described_as(estimator)
    def coef_frame(self, name: str | None = None) -> pd.DataFrame:
        """Return the coefficients of a linear model with the names of their columns.

        Returns
        -------
        frame : DataFrame
            Indexed by column (and class, where there are several): the coefficient in
            units of the column, and per standard deviation of it; the largest first,
            zeros left out. The intercept is in ``frame.attrs["intercept"]``.

        Raises
        ------
        ValueError
            When the model is not linear.
        """
        return coefficient_table(
            self, self.recommended_ if name is None else self[name]
        ).to_frame()

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers and sentences as what JSON can hold.

        Returns
        -------
        content : dict
            With ``models``, ``recommended``, ``summary``, ``warnings``, ``notes``.
        """
        return as_json(self)

    def to_frame(self) -> pd.DataFrame:
        """Return the table as a pandas DataFrame indexed by model.

        Returns
        -------
        frame : DataFrame of shape (n_models, 12 + n_scores)
            The numbers of each `ModelResult`.

        Raises
        ------
        ImportError
            Without pandas.
        """
        require_pandas("to_frame")
        import pandas as pd

        return pd.DataFrame(
            [
                {name: getattr(result, name) for name in _FIELDS} | result.scores
                for result in self.results
            ],
            index=pd.Index([result.name for result in self.results], name="model"),
        )

    @described_as(RegularizerComparisonDisplay.plot)
    def plot(
        self, ax: Axes | None = None, **kwargs: Any
    ) -> RegularizerComparisonDisplay:
        """Draw training and test error of each model, and the gap between them.

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
        """Write a page with the finding, the tables and pictures, all in one file.

        The pictures are part of the page, which needs nothing from elsewhere and
        follows the reader's choice of a light or dark theme and width of the window.

        Parameters
        ----------
        title : str, default="Comparison of regularizers"
            Heading of the page.
        notes : tuple of str, default=()
            More sentences about the data.
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
