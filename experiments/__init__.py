"""What people do with a market: scenarios, runs, comparisons and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name):
        if name != "__version__":
            raise AttributeError(f"module 'experiments' has no attribute {name!r}")
        from importlib.metadata import version

        return version("rights-market")

    def __dir__():
        return sorted({*globals(), *__all__})


__all__ = ["__version__"]
