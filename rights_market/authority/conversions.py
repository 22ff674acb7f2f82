"""Exchange of units of one right for units of another, on request of their owners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.claims import OTHERS, Claim, site
from rights_market.authority.office import Office
from rights_market.exchange.calendar import Period
from rights_market.policies.links import RightExchangeRate, Way
from rights_market.policies.lots import floor_share
from rights_market.records import Event

Int64 = npt.NDArray[np.int64]
Key = tuple[str, str, str]

KIND = "right_exchange_rate"


class Conversions:
    """Carries out the exchange of rights.

    Parameters
    ----------
    office : Office
    rules : sequence of RightExchangeRate
    """

    def __init__(self, office: Office, rules: Sequence[RightExchangeRate]) -> None:
        self._office = office
        self.ways: tuple[Way, ...] = tuple(way for rule in rules for way in rule.ways())
        self._made: dict[Key, Int64] = {}
        self._refused: set[str] = set()

    def made_lots(self, way: Way, period: Period) -> Int64:
        """Return the lots of the target that each firm got by a way for a period, shape (n_firms,)."""
        none = np.zeros(len(self._office.accounts), np.int64)
        return self._made.get((way.source, way.target, period.name), none).copy()

    def room(self, way: Way, period: Period, use_lots: Int64) -> Int64:
        """Return the lots of the target that each firm may still get for a period, by the limit on its use alone."""
        return way.room(use_lots, self.made_lots(way, period))

    def convert(self, way: Way, source_instrument: int, period: Period, wanted_lots: Int64, use_lots: Int64) -> Int64:
        """Cancel units of the source and issue units of the target, as far as firms hold, may and there is a reserve.

        Parameters
        ----------
        way : Way
        source_instrument : int
            What is given up.
        period : Period
            Period of the target, whose vintage is issued.
        wanted_lots : ndarray of int64, shape (n_firms,)
            Lots of the target that each firm asks for; no firm may ask for more than its free lots of the source make.
        use_lots : ndarray of int64, shape (n_firms,)
            Use of the target in the period, of which the limit is a share.

        Returns
        -------
        ndarray of int64, shape (n_firms,)
            Lots of the target issued.  Where the reserve does not reach, firms are served in the order of accounts, and
            what is refused is written down as `rule_unmet`.
        """
        office = self._office
        source, target = office.books[way.source].right, office.books[way.target].right
        ratio = way.ratio(source.lot, target.lot)
        asked = np.minimum(wanted_lots, self.room(way, period, use_lots))
        if way.claims_place:
            asked = self._unclaimed(way, period, asked)
        served = self._within_reserve(way, period, asked)
        # The fewest lots of the source that make as many: the registry uses no more of them than that.
        given = -floor_share(-1 / ratio, served)
        instrument = office.market.instruments.of(target.code, period.vintage).index
        rows = np.flatnonzero(served)
        made = np.zeros_like(served)
        made[rows] = office.market.registry.convert(
            source_instrument,
            instrument,
            office.accounts[rows],
            given[rows],
            ratio=(ratio.numerator, ratio.denominator),
        )
        self._made[way.source, way.target, period.name] = self.made_lots(way, period) + made
        for row in np.flatnonzero(made).tolist() if way.claims_place else ():
            name = office.market.accounts.name(int(office.accounts[row]))
            office.claims.enter(site(name), Claim(period.vintage, OTHERS, KIND))
        self._note(way, instrument, made, int((asked - served).sum()))
        return made

    def _unclaimed(self, way: Way, period: Period, asked: Int64) -> Int64:
        """Return what is asked by firms whose place nobody claims; those refused are written down once."""
        office, within = self._office, asked.copy()
        for row in np.flatnonzero(asked).tolist():
            account = int(office.accounts[row])
            name = office.market.accounts.name(account)
            if not office.claims.is_taken(site(name), period.vintage, KIND):
                continue
            within[row] = 0
            if name not in self._refused:
                self._refused.add(name)
                office.market.events.append(
                    Event(
                        office.market.registry.day,
                        "session_open",
                        KIND,
                        "double_claim",
                        account,
                        office.market.instruments.of(way.target, period.vintage).index,
                        lots=int(asked[row]),
                        note=f"{site(name)} is claimed already",
                    )
                )
        return within

    def _within_reserve(self, way: Way, period: Period, asked: Int64) -> Int64:
        if way.reserve is None:
            return asked
        left = max(0, way.reserve - int(self.made_lots(way, period).sum()))
        return np.diff(np.minimum(np.cumsum(asked), left), prepend=0)

    def _note(self, way: Way, instrument: int, made: Int64, refused: int) -> None:
        day, events = self._office.market.registry.day, self._office.market.events
        for row in np.flatnonzero(made).tolist():
            account = int(self._office.accounts[row])
            events.append(
                Event(
                    day,
                    "session_open",
                    KIND,
                    "converted",
                    account,
                    instrument,
                    lots=int(made[row]),
                    note=f"from {way.source}",
                )
            )
        if refused:
            events.append(
                Event(
                    day,
                    "session_open",
                    KIND,
                    "rule_unmet",
                    instrument=instrument,
                    lots=refused,
                    note="reserve empty",
                )
            )

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain arrays; claims by all instruments among it."""
        return {
            "made": [(*key, x.copy()) for key, x in self._made.items()],
            "refused": sorted(self._refused),
            "claims": self._office.claims.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._made = {(source, target, name): np.array(x) for source, target, name, x in state["made"]}
        self._refused = set(state["refused"])
        self._office.claims.restore(state["claims"])
