"""Predictions for rows that are read chunk by chunk."""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, TypeVar, cast

import numpy as np
from sklearn.utils import check_random_state

from regkit.rows.open import as_source
from regkit.rows.sources import named

Method = TypeVar("Method", bound=Callable[..., Any])


def by_chunks(axis: int = 0, lazy: bool = False) -> Callable[[Method], Method]:
    """Let a method take X in chunks.

    Results, arrays or tuples of them, are joined along ``axis``, where the rows are.
    With ``lazy``, those for a Dask X are a Dask array or series, not yet computed.
    """

    def decorate(method: Method) -> Method:
        @wraps(method)
        def predict(self: Any, X: Any, *args: Any, **how: Any) -> Any:
            source = as_source(X)
            if source is None:
                return method(self, X, *args, **how)
            self._check_fitted()
            if lazy:
                return source.predict(lambda rows: method(self, rows, *args, **how))
            given = signature(method).bind(self, X, *args, **how).arguments
            if "random_state" in given:
                # One generator for all chunks: no two get the same masks.
                given["random_state"] = check_random_state(given["random_state"])
            found = []
            for chunk in source.chunks(0, None)[0]:
                if source.may_be_empty and not chunk.X.shape[0]:
                    continue
                with named(chunk.number):
                    found.append(method(**{**given, "X": chunk.X}))
            if not found:
                raise ValueError("X has no chunks: its source is empty.")
            return _join(found, axis)

        return cast(Method, predict)

    return decorate


def _join(found: list[Any], axis: int) -> Any:
    first = found[0]
    if not isinstance(first, tuple):
        return np.concatenate(found, axis=axis)
    parts = [np.concatenate(each, axis=axis) for each in zip(*found, strict=True)]
    return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
