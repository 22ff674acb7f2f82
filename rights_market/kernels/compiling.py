"""How kernels are compiled: once for all processes, and anew whenever any of their sources changes."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

# Kernels only use arrays that their callers hold, and make none.  Without reference counting (`_nrt`) passing them
# around in tuples costs nothing; with it the order book would be four times slower.
_OPTIONS: Final[dict[str, Any]] = {"error_model": "numpy", "_nrt": False}
# Only kernels call a step.  Leaving out its door from Python, which takes apart tuples of arrays, halves the time to
# compile.
_STEP: Final[dict[str, Any]] = {"forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def _fingerprint() -> str:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return blake2b(b"".join(path.read_bytes() for path in sources), digest_size=6).hexdigest()


FINGERPRINT: Final = _fingerprint()


def kernel(function: Function) -> Function:
    """Compile a function that Python calls, and keep the machine code on disk.

    Numba keeps it until the file of the function changes, but much of a kernel comes from other files.  The name under
    which it is kept therefore tells the state of them all.
    """
    function.__qualname__ = f"{function.__name__}_{FINGERPRINT}"
    return cast(Function, numba.njit(cache=True, **_OPTIONS)(function))


def inlined(function: Function) -> Function:
    """Compile a step of a kernel into its caller: a call would cost more than most steps do.

    A step cannot be called from Python, which would crash: call its ``py_func``, or a kernel around it.
    """
    return cast(Function, numba.njit(**_STEP, **_OPTIONS)(function))
