"""What is looked up once while kernels are compiled is what Numba would find."""

import sys
from types import ModuleType, SimpleNamespace

import numba
import numpy as np
import pytest
from numba.core.registry import cpu_target

from regkit.kernels import _contexts
from regkit.kernels._parts import KernelCompiler

pytestmark = pytest.mark.skipif(
    numba.config.DISABLE_JIT, reason="nothing is compiled, nothing resolved"
)


def test_operations_remembered_are_those_that_numba_resolves(monkeypatch):
    monkeypatch.setattr(_contexts, "_resolved", {})

    @numba.njit(pipeline_class=KernelCompiler)  # compiled in any case: not cached
    def mixed(values, places, n):
        total = 0.0
        for i in range(n):
            value = values[places[i], i]
            if value > 0 and places[i] != n - 1:
                total += value / (i + 1) - 2 * value**2
        return total

    values = np.arange(12.0).reshape(3, 4)
    places = np.array([2, 0, 1])
    # The place of i = 0 is the last: 1 / 2 - 2 * 1² and 6 / 3 - 2 * 6² are left.
    assert mixed(values, places, 3) == (1 / 2 - 2) + (2 - 72)
    assert len(_contexts._resolved) > 5
    typing = cpu_target.typing_context
    for (function, args), found in _contexts._resolved.items():
        assert typing.resolve_function_type(function, args, {}) == found


def test_a_type_error_is_not_remembered():
    typing = SimpleNamespace(calls=0)

    def fail(function, args, kws):
        typing.calls += 1
        raise TypeError

    typing.resolve_function_type = fail
    for _ in range(2):
        with pytest.raises(TypeError):
            _contexts.remembering(typing).resolve_function_type("getiter", (), {})
    assert typing.calls == 2


def test_contexts_look_for_news_after_an_import(monkeypatch):
    looked = []
    target = SimpleNamespace(refresh=lambda: looked.append(len(looked)))
    context = _contexts.refreshed_after_imports(target)
    context.refresh()
    assert not looked
    monkeypatch.setitem(sys.modules, "regkit_late", ModuleType("regkit_late"))
    context.refresh()
    context.refresh()
    assert looked == [0]
