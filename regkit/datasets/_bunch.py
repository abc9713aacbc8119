"""How every data set of this package is handed out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from regkit._pandas import require_pandas


def as_bunch(
    *,
    data: NDArray[np.float64],
    target: NDArray[np.float64],
    feature_names: list[str],
    target_name: str,
    as_frame: bool,
    **extra: Any,
) -> Bunch:
    """Pack a data set as scikit-learn's loaders do, as pandas objects on demand."""
    if not as_frame:
        return Bunch(data=data, target=target, feature_names=feature_names, **extra)
    require_pandas("as_frame=True")
    import pandas as pd

    return Bunch(
        data=pd.DataFrame(data, columns=feature_names),
        target=pd.Series(target, name=target_name),
        feature_names=feature_names,
        **extra,
    )
