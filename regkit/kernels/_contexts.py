"""What Numba looks up over and over while it compiles, looked up once.

A sixth of all calls of Python functions in a first fit came from these two.
"""

import copy
import operator
import sys
from typing import Any

from numba.core import types
from numba.core.types.iterators import RangeIteratorType, RangeType

_OPERATIONS = {"getiter", "iternext", *filter(callable, vars(operator).values())}
# Operands whose types alone determine what an operation returns.
_PLAIN = (
    types.Number,
    types.Boolean,
    types.Array,
    RangeType,
    RangeIteratorType,
)
# What operations return, by operation and types of operands.
_resolved: dict[Any, Any] = {}


def remembering(typing: Any) -> Any:
    """Return a typing context that resolves an operation once for all kernels.

    Numba tries all that an operator can mean, for arrays too, wherever it finds one.
    """

    def resolve(function: Any, args: Any, kws: Any) -> Any:
        operation = getattr(function, "typing_key", function)
        is_plain = all(isinstance(arg, _PLAIN) for arg in args)
        if kws or not is_plain or operation not in _OPERATIONS:
            return typing.resolve_function_type(function, args, kws)
        key = (function, tuple(args))
        if key not in _resolved:
            _resolved[key] = typing.resolve_function_type(function, args, kws)
        return _resolved[key]

    copied = copy.copy(typing)
    copied.resolve_function_type = resolve
    return copied


def refreshed_after_imports(target: Any) -> Any:
    """Return a context that looks for more that it can compile where there may be more.

    Numba looks whenever it takes an element out of an array, for a method of arrays
    that others may define.
    """
    n_modules = len(sys.modules)

    def refresh() -> None:
        nonlocal n_modules
        if len(sys.modules) != n_modules:
            n_modules = len(sys.modules)
            target.refresh()

    copied = copy.copy(target)
    copied.refresh = refresh
    return copied
