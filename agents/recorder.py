"""What is kept of each day and each period, in columns that grow."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rights_market.registry.accounts import AccountKind

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]
Accounts = npt.NDArray[np.int32]

DAY_COLUMNS = (
    "fundamental",
    "belief",
    "emissions",
    "baseline",
    "abated",
    "output_index",
    "holdings",
    "volume",
    "value_yuan",
)
DAYS_KEPT = 64
FEN_PER_YUAN = 100.0


class Recorder:
    """Daily figures by right, and yearly figures by firm, for the result.

    Attributes
    ----------
    days : list of ndarray of float64, shape (n_rights, n_columns)
        One table a day, columns as `DAY_COLUMNS`; quantities in units of the right, use a year at the day's rate.
    periods : list of dict
        One table a right and period, by firm, in lots and fen.
    volume_today : list of float
        Units of each right traded on the last day.
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model
        n = len(model.market.instruments)
        self.days: list[Floats] = []
        self.periods: list[dict[str, Any]] = []
        self.volume_today: list[float] = [0.0] * len(model.right_codes)
        self._bars_seen = 0
        self._lots = np.zeros(n, dtype=np.int64)
        self._recent: deque[tuple[int, Ints, Ints]] = deque(maxlen=DAYS_KEPT)
        n_firms = len(model.firms)
        self._bought = np.zeros((len(model.right_codes), n_firms), dtype=np.int64)
        self._sold = np.zeros_like(self._bought)
        self._spent = np.zeros_like(self._bought)
        self._earned = np.zeros_like(self._bought)

    def count_trades(self, right: Rows, buyer: Accounts, seller: Accounts, lots: Ints, fen: Ints) -> None:
        """Count trades of firms towards the running period; all of shape (n_trades,)."""
        n_firms = self._bought.shape[1]
        for account, amount, money in ((buyer, self._bought, self._spent), (seller, self._sold, self._earned)):
            row = account.astype(np.int64) - int(self.model.accounts_of[0])
            firm = (row >= 0) & (row < n_firms)
            at = right[firm] * n_firms + row[firm]
            np.add.at(amount.reshape(-1), at, lots[firm])
            np.add.at(money.reshape(-1), at, fen[firm])

    def lots_by_right(self) -> Floats:
        """Return the lots of each right traded on the last day that was closed, shape (n_rights,)."""
        return self.model.desk.by_right(self._lots)

    def read_close(self) -> None:
        """Read the bars of the day that has just been closed."""
        model = self.model
        bars = model.market.tape.bars
        new = slice(self._bars_seen, len(bars["day"]))
        self._bars_seen = new.stop
        self._lots[:] = 0
        value = np.zeros_like(self._lots)
        self._lots[bars["instrument"][new]] = bars["lots"][new]
        value[bars["instrument"][new]] = bars["value_fen"][new]
        self._recent.append((model.day, self._lots.copy(), value))

    def window(self, instruments: list[int], last_day: int, days: int) -> tuple[int, int]:
        """Return value (fen) and lots of some instruments over the trading days up to `last_day`."""
        value = lots = 0
        for day, day_lots, day_value in self._recent:
            if last_day - days < day <= last_day:
                lots += int(day_lots[instruments].sum())
                value += int(day_value[instruments].sum())
        return value, lots

    def end_day(self) -> None:
        """Write down the day by right."""
        model = self.model
        firms, rates, covered = model.firms, model.rates, model.firms.covered
        _, lots, value = self._recent[-1]
        n = len(model.right_codes)
        lot = np.array([float(p.rules.right.lot) for p in model.progress])
        traded = model.desk.by_right(lots) * lot
        held = model.desk.by_right(self._outside_government()) * lot
        weight = firms.output[:, np.newaxis] * covered
        whole = weight.sum(axis=0)
        made = (firms.output_factor() * model.operations.response) @ weight
        use, baseline = (rates.use * covered).sum(axis=0), (rates.baseline * covered).sum(axis=0)
        columns = (
            model.expectations.public_prices.yuan,
            self._median_belief(),
            use,
            baseline,
            baseline - use,
            np.divide(made, whole, out=np.full(n, np.nan), where=whole > 0),
            held,
            traded,
            model.desk.by_right(value) / FEN_PER_YUAN,
        )
        self.days.append(np.stack(columns, axis=1))
        self.volume_today = traded.tolist()

    def _outside_government(self) -> Ints:
        """Return the lots of each instrument that are in existence and not on the government's own account."""
        registry = self.model.market.registry
        came = registry.total("issued") + registry.total("converted_in")
        gone = sum(registry.total(name) for name in ("converted_out", "surrendered", "cancelled", "expired"))
        of_government = self.model.market.accounts.kinds == AccountKind.GOVERNMENT
        own = sum(part[:, of_government].sum(axis=1) for part in (registry.free, registry.frozen, registry.pledged))
        return np.asarray(came - gone - own)

    def _median_belief(self) -> Floats:
        """Return the median value of a unit among the firms that must hold it, CNY, by right."""
        model = self.model
        medians = np.full(len(model.progress), np.nan)
        for p in model.progress:
            rows = model.seats.of_right(p.index)
            values = np.sort(model.seats.value[rows][model.expectations.is_firm[rows]])
            if n := len(values):
                medians[p.index] = (values[(n - 1) // 2] + values[n // 2]) / 2.0 * float(p.rules.right.tick_yuan)
        return medians

    def end_period(self, progress: RightProgress, k: int) -> None:
        """Write down what a period was to each firm."""
        model, r = self.model, progress.index
        n = len(model.firms)
        accounts = model.accounts_of[:n]
        code, use = progress.rules.right.code, progress.uses[k]
        name = use.period.name
        obligations, registry = model.market.obligations, model.market.registry
        held = sum(
            (registry.free[i] + registry.frozen[i] + registry.pledged[i])[accounts] for i in progress.instruments
        )
        self.periods.append(
            {
                "right": code,
                "period": name,
                "index": r,
                "covered": model.authority.coverage.listed(code, use.years[-1]),
                "emissions": obligations.verified_lots(code, name)[accounts].copy(),
                "baseline": use.baseline.copy(),
                "allocation": obligations.allocated_lots(code, name)[accounts].copy(),
                "preallocated": obligations.preallocated_lots(code, name)[accounts].copy(),
                "duty": obligations.duty_lots(code, name)[accounts].copy(),
                "surrendered": obligations.surrendered_lots(code, name)[accounts].copy(),
                "shortfall": obligations.shortfall(code, name)[accounts],
                "fine_fen": model.authority.fines_fen.get((code, name), np.zeros(n, dtype=np.int64)).copy(),
                "bought": self._bought[r].copy(),
                "sold": self._sold[r].copy(),
                "spent_fen": self._spent[r].copy(),
                "earned_fen": self._earned[r].copy(),
                "abatement_cost_yuan": use.cost.copy(),
                "holdings_after": np.asarray(held),
            }
        )
        for table in (self._bought, self._sold, self._spent, self._earned):
            table[r] = 0

    def state(self) -> dict[str, Any]:
        """Return what has been kept so far."""
        return {
            "days": [x.copy() for x in self.days],
            "periods": [dict(x) for x in self.periods],
            "volume_today": list(self.volume_today),
            "bars_seen": self._bars_seen,
            "lots": self._lots.copy(),
            "recent": [(d, a.copy(), b.copy()) for d, a, b in self._recent],
            "flows": [x.copy() for x in (self._bought, self._sold, self._spent, self._earned)],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        self.days = [np.array(x) for x in state["days"]]
        self.periods = [dict(x) for x in state["periods"]]
        self.volume_today = list(state["volume_today"])
        self._bars_seen = int(state["bars_seen"])
        self._lots[:] = state["lots"]
        self._recent = deque(((int(d), np.array(a), np.array(b)) for d, a, b in state["recent"]), maxlen=DAYS_KEPT)
        self._bought, self._sold, self._spent, self._earned = (np.array(x) for x in state["flows"])
