"""Parameters that are declared and described once."""

import inspect
import subprocess
import sys
from dataclasses import field

import pytest
from numpydoc.docscrape import ClassDoc, FunctionDoc

import regkit
from regkit._describe import described_as, takes_parameters


@takes_parameters
class Shared:
    """Shared.

    Parameters
    ----------
    tol : float, default=0.1
        When to stop.
    low, high : float, default=0.0, 1.0
        Limits.

    Attributes
    ----------
    n_features_in_ : int
        Columns.
    coef_ : ndarray
        Of the base.

    Notes
    -----
    Of the base.

    References
    ----------
    .. [1] First.
    """

    tol: float = 0.1
    low: float = 0.0
    high: float = 1.0


@takes_parameters
class Model(Shared):
    """Model.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength.
    tol : float, default=0.2
        In its own words.

    Attributes
    ----------
    coef_ : ndarray
        Its own.

    References
    ----------
    .. [2] Second.
    """

    alpha: float = field(default=1.0, kw_only=False)
    tol: float = 0.2


def test_parameters_of_bases_follow_those_without_keyword():
    assert str(inspect.signature(Model)) == (
        "(alpha: float = 1.0, *, tol: float = 0.2, low: float = 0.0, "
        "high: float = 1.0) -> None"
    )
    model = Model(3.0, high=2.0)
    assert vars(model) == {"alpha": 3.0, "tol": 0.2, "low": 0.0, "high": 2.0}


def test_what_a_class_says_itself_counts_before_what_bases_say():
    document = ClassDoc(Model)
    described = {entry.name: entry.desc for entry in document["Parameters"]}
    assert list(described) == ["alpha", "tol", "low, high"]
    assert described["tol"] == ["In its own words."]
    attributes = {entry.name: entry.desc for entry in document["Attributes"]}
    assert list(attributes) == ["coef_", "n_features_in_"]
    assert attributes["coef_"] == ["Its own."]
    assert document["Notes"] == ["Of the base."]
    assert document["References"] == [".. [1] First.", ".. [2] Second."]


def test_functions_are_described_as_others():
    def source(x):
        """Source.

        Parameters
        ----------
        x : int
            Given.

        Raises
        ------
        ValueError
            Of the source.
        """

    @described_as(source, Model)
    def function(alpha, x, *, own):
        """Function.

        Parameters
        ----------
        own : int
            Its own.
        """

    document = FunctionDoc(function)
    names = [entry.name for entry in document["Parameters"]]
    assert names == ["alpha", "x", "own"]
    assert document["Raises"][0].desc == ["Of the source."]
    assert not document["Notes"]


PUBLIC = [name for name in regkit.__all__ if inspect.isclass(getattr(regkit, name))]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_parameter_of_public_classes_is_described(name):
    found = getattr(regkit, name)
    entries = ClassDoc(found)["Parameters"]
    described = [part for entry in entries for part in entry.name.split(", ")]
    assert described == list(inspect.signature(found).parameters)


def test_without_docstrings_classes_are_the_same():
    code = "from regkit import LassoRegressorCV, lasso_path\n"
    code += "print(LassoRegressorCV(eps=0.1).eps, lasso_path.__doc__)"
    shown = subprocess.run(
        [sys.executable, "-OO", "-c", code], capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == ["0.1", "None"]


def methods():
    """Yield what is public of each class, but what scikit-learn describes."""
    for name in regkit.__all__:
        of = getattr(regkit, name)
        for method, found in inspect.getmembers(of) if inspect.isclass(of) else ():
            module = getattr(found, "__module__", None) or ""
            is_ours = module.startswith("regkit.") and not inspect.isclass(found)
            if is_ours and callable(found) and not method.startswith("_"):
                yield f"{name}.{method}", found


def test_methods_describe_what_they_take_and_return():
    silent = {}
    for name, method in methods():
        document = FunctionDoc(method)
        described = [
            n for entry in document["Parameters"] for n in entry.name.split(", ")
        ]
        signature = inspect.signature(method)
        wanted = [n for n in signature.parameters if n not in ("self", "cls")]
        missing = set(wanted) - {n.strip("*") for n in described}
        if signature.return_annotation not in (None, "None") and not (
            document["Returns"] or document["Yields"]
        ):
            missing.add("what it returns")
        if missing:
            silent[name] = missing
    assert silent == {}
