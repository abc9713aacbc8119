"""How kernels that only kernels call are compiled: no further than their callers need.

Numba compiles every function to machine code by itself, and all over again as part of
each function that calls it, since what it links is not machine code but LLVM's
intermediate form. Where nobody but kernels calls a function, its own machine code is
never run.
"""

from typing import Any

import llvmlite.binding as llvm
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.typed_passes import IRLegalization, NopythonRewrites
from numba.core.untyped_passes import InlineClosureLikes

from regkit.kernels._contexts import refreshed_after_imports, remembering
from regkit.kernels.compiling import interrupts_wait

OUTLINED = "_is_outlined"


class _PartLibrary(JITCodeLibrary):
    """Code that is handed on to callers, and not made executable."""

    _final_module: Any
    is_outlined = False

    def add_ir_module(self, ir_module: Any) -> None:
        """Take the code as Numba has written it."""
        if self.is_outlined:
            for function in ir_module.functions:
                if not function.is_declaration:
                    function.attributes.add("noinline")
        super().add_ir_module(ir_module)

    def _optimize_final_module(self) -> None:
        """Leave it to the callers, which optimize all that they link."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True
        module = self._final_module
        self._get_module_for_linking()
        # Numba writes addresses into these, of the part's own and of those it calls.
        environments = [
            f"@{variable.name} = common global i8* null"
            for variable in module.global_variables
            if variable.name.startswith("_ZN08NumbaEnv")
        ]
        self._final_module = llvm.parse_assembly("\n".join(environments))
        self._final_module.name = module.name
        super()._finalize_final_module()


class KernelCompiler(Compiler):
    """Numba's compiler, without passes that find nothing in kernels.

    There are no functions within functions. Expressions of arrays are fused, and
    references given up where a variable is last used, only where arrays may be made and
    counted. A pass over every function costs 2 to 6% of the time.
    """

    def __init__(self, *args: Any) -> None:
        """Load what Numba can compile: what an interrupt leaves out stays missing."""
        with interrupts_wait():
            super().__init__(*args)
        self.state.typingctx = remembering(self.state.typingctx)
        self.state.targetctx = refreshed_after_imports(self.state.targetctx)

    def define_pipelines(self) -> Any:
        unused: tuple[Any, ...] = (InlineClosureLikes,)
        if not self.state.flags.nrt:
            unused += (NopythonRewrites, IRLegalization)
        (pipeline,) = super().define_pipelines()
        pipeline.passes = [one for one in pipeline.passes if one[0] not in unused]
        pipeline.finalize()
        return [pipeline]


class PartCompiler(KernelCompiler):
    """The same, with a library of its own for the code."""

    def compile_extra(self, func: Any) -> Any:
        codegen = self.state.targetctx.codegen()
        self.state.library = _PartLibrary(codegen, func.__qualname__)
        self.state.library.is_outlined = getattr(func, OUTLINED, False)
        self.state.library.enable_object_caching()
        return super().compile_extra(func)
