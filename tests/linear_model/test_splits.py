"""Folds that `cv` gives and that cannot be used."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn.model_selection import KFold

from regkit import LassoRegressorCV, RowChunks
from regkit.linear_model._splits import each_fold


@pytest.mark.parametrize("in_chunks", [False, True])
@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ([0, 1], [], "cv gives no held-out rows of fold 1"),
        ([], [0, 1], "cv gives no training rows of fold 1"),
        ([0, 1], [0.5], "the held-out rows of fold 1 as a list of integers or a mask"),
        ([0, 1], ["a"], "a list of integers or a mask, got 'a'"),
        ([0, 1], [[2, 3]], r"the held-out rows of fold 1 in one dimension, .*\(1, 2\)"),
        ([0, 1], [99], "held-out rows of fold 1 that X, with 50 rows, does not have"),
    ],
)
def test_bad_rows_of_a_fold(train, test, message, in_chunks):
    X, y = np.eye(50, 2), np.arange(50.0)
    cv = [(np.arange(25), np.arange(25, 50)), (train, test)]
    given = (RowChunks([(X, y)]), None) if in_chunks else (X, y)
    with pytest.raises(ValueError, match=message):
        LassoRegressorCV(cv=cv).fit(*given)


class Own(KFold):
    """A splitter that looks at the rows."""

    def split(self, X, y=None, groups=None):
        assert sp.issparse(X)
        assert X.shape[1] == 2
        return super().split(X, y, groups)


@pytest.mark.parametrize("splitter", [KFold, Own])
def test_folds_of_sparse_rows(splitter):
    X, y = sp.csc_array(np.eye(50, 2)), np.arange(50.0)
    folds = list(each_fold(splitter(4), X, y, None, {}))
    for fold, (train, test) in zip(folds, KFold(4).split(y), strict=True):
        assert_array_equal(fold.train, train)
        assert_array_equal(fold.test, test)
