"""Named random streams: one seed, one generator for each purpose.

Two policies compared under the same seed must meet the same shocks.  A stream therefore depends on the seed and
on its own name only: neither the order in which streams are first asked for nor the existence of other streams
changes what it draws (common random numbers; Law 2015, Simulation Modeling and Analysis, section 11.2).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

DEMAND_COMMON = "demand_common"
DEMAND_SECTOR = "demand_sector"
DEMAND_FIRM = "demand_firm"
ARRIVALS = "arrivals"
STRATEGY = "strategy"
AUCTION_TIES = "auction_ties"
BELIEFS = "beliefs"
NEWS = "news"
POPULATION = "population"
LEAD = "lead"
MEASURES = "measures"
ACTIVITY = "activity"
REGION = "region"
MRV_NOISE = "mrv_noise"
VERIFICATION = "verification"
AUDIT = "audit"
DISCLOSURE = "disclosure"
CLOSURES = "closures"
AUTHORITY = "authority"
RELATIONS = "relations"
ACQUAINTANCES = "acquaintances"
BLOCK_SEARCH = "block_search"
OTC_SEARCH = "otc_search"
ONE_WAY_ARRIVALS = "one_way_arrivals"
ZONAL_ARRIVALS = "zonal_arrivals"
CREDIT_ARRIVALS = "credit_arrivals"
FORWARD_ARRIVALS = "forward_arrivals"
REVERSALS = "reversals"
CONTACTS = "contacts"
INNOVATORS = "innovators"
WORD_OF_MOUTH = "word_of_mouth"

KEY_BYTES = 16  # 128 bits of the digest: two names collide with probability below 1e-38


class Streams:
    """Random generators by purpose, made when first asked for.

    Parameters
    ----------
    seed : int
        Seed of the run, not negative; of any size.

    Raises
    ------
    ValueError
        If the seed is negative.

    Examples
    --------
    >>> one, other = Streams(7), Streams(7)
    >>> _ = other["news"].random(3)
    >>> bool(one["arrivals"].random() == other["arrivals"].random())
    True
    """

    def __init__(self, seed: int) -> None:
        self._seed = _checked_seed(seed)
        self._generators: dict[str, np.random.Generator] = {}

    @property
    def seed(self) -> int:
        """Seed from which every stream is derived."""
        return self._seed

    def __getitem__(self, purpose: str) -> np.random.Generator:
        """Return the generator of a purpose; the same object at every call.

        Raises
        ------
        ValueError
            If the name is empty.
        """
        if purpose not in self._generators:
            self._generators[purpose] = np.random.Generator(_fresh(self._seed, purpose))
        return self._generators[purpose]

    def fresh(self, purpose: str) -> np.random.Generator:
        """Return a new generator at the start of a purpose: its draws are the same however often they are asked.

        Examples
        --------
        >>> streams = Streams(1)
        >>> float(streams.fresh("x").random()) == float(streams.fresh("x").random())
        True
        """
        return np.random.Generator(_fresh(self._seed, purpose))

    def state(self) -> dict[str, Any]:
        """Return seed and position of every stream as plain strings and integers, ready for JSON.

        The 128-bit words are written in hexadecimal, because many JSON readers keep 53 or 64 bits of a number.
        """
        return {"seed": str(self._seed), "streams": {name: _packed(g) for name, g in self._generators.items()}}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Return to a saved state; generators handed out before stay valid and jump with it.

        A stream that did not exist when the state was saved starts afresh.

        Parameters
        ----------
        state : mapping
            What `state` returned, also after a round trip through JSON.
        """
        saved = state["streams"]
        self._seed = _checked_seed(int(state["seed"]))
        for name in self._generators.keys() | saved.keys():
            position = _unpacked(saved[name]) if name in saved else _fresh(self._seed, name).state
            self[name].bit_generator.state = position


def _checked_seed(seed: int) -> int:
    if seed < 0:
        raise ValueError(f"the seed is {seed}, it must not be negative")
    return int(seed)


def _fresh(seed: int, purpose: str) -> np.random.PCG64DXSM:
    """Bit generator at its start, keyed by a digest of the name and not by Python's salted hash."""
    if not purpose:
        raise ValueError("a random stream needs a name")
    digest = hashlib.sha256(purpose.encode()).digest()[:KEY_BYTES]
    key = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, KEY_BYTES, 4))
    return np.random.PCG64DXSM(np.random.SeedSequence(entropy=seed, spawn_key=key))


def _packed(generator: np.random.Generator) -> dict[str, Any]:
    raw = generator.bit_generator.state
    return {
        "state": hex(raw["state"]["state"]),
        "inc": hex(raw["state"]["inc"]),
        "has_uint32": int(raw["has_uint32"]),
        "uinteger": int(raw["uinteger"]),
    }


def _unpacked(saved: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "bit_generator": "PCG64DXSM",
        "state": {"state": int(saved["state"], 16), "inc": int(saved["inc"], 16)},
        "has_uint32": saved["has_uint32"],
        "uinteger": saved["uinteger"],
    }
