"""Those who act in the market: firms and traders as arrays, seen through Mesa.

`agents` is a common name: another project in the same environment may install a package of that name over ours.
`PROJECT` tells whose this one is; `experiments` compares it before it builds a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

PROJECT = "rights-market"

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
else:

    def __getattr__(name):
        if name != "RightsMarketModel":
            raise AttributeError(f"module 'agents' has no attribute {name!r}")
        from agents.model import RightsMarketModel

        return RightsMarketModel

    def __dir__():
        return sorted({*globals(), *__all__})


__all__ = ["PROJECT", "RightsMarketModel"]
