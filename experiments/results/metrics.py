"""What a market did, as single numbers: one small function for each measure.

Every function takes plain arrays and returns one float; NaN says that the measure is not defined for these data (no
trade, no duty).  `experiments.results.kpis` applies them to the tables of a result.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.ArrayLike


def ratio(part: float, whole: float) -> float:
    """Part over whole; NaN if there is no whole."""
    return float(part) / float(whole) if whole != 0 else float("nan")


def mean_price(value_yuan: Array, volume: Array) -> float:
    """Volume-weighted mean price, sum of money over sum of units.

    Examples
    --------
    >>> mean_price([500.0, 1800.0], [10, 30])
    57.5
    """
    return ratio(np.sum(value_yuan), np.sum(volume))


def composite_close(day: Array, close: Array, volume: Array) -> pd.Series:
    """One closing price a day for a right that trades in several vintages.

    Parameters
    ----------
    day : array of int, shape (n,)
        Trading day of each bar.
    close, volume : array, shape (n,)
        Closing price (CNY per unit) and units of each bar.

    Returns
    -------
    Series of float64, indexed by day in rising order
        Closing prices weighted by volume; on a day without trade the price before it.  Days before the first trade take
        the first bar of the day, which the table lists with the oldest vintage first.

    Notes
    -----
    The Shanghai exchange has quoted a composite price of all vintages since July 2023; its weights are not published.
    """
    bars = pd.DataFrame(
        {"day": np.asarray(day), "close": np.asarray(close, float), "volume": np.asarray(volume, float)}
    )
    bars["money"] = bars["close"] * bars["volume"]
    days = bars.groupby("day").agg(money=("money", "sum"), volume=("volume", "sum"), first=("close", "first"))
    price = (days["money"] / days["volume"].where(days["volume"] > 0)).ffill()
    return price.fillna(days["first"])


def log_changes(close: Array, volume: Array) -> npt.NDArray[np.float64]:
    """Log changes of the close against the day before, on days with trade.

    The first day has no day before.  A day without trade repeats the old price, so its zero is no observation.
    """
    logs = np.log(np.asarray(close, float))
    return np.diff(logs)[np.asarray(volume)[1:] > 0]


def volatility(close: Array, volume: Array, days_per_year: float) -> float:
    """Annualised volatility in percent: sample standard deviation of `log_changes` times the root of the days a year.

    Examples
    --------
    >>> import math
    >>> a = math.exp(0.01)
    >>> round(volatility([1, a, 1, 1], [1, 5, 5, 0], 242), 4)   # changes +1 % and -1 %, then a day without trade
    22.0
    """
    changes = log_changes(close, volume)
    return float(100 * np.std(changes, ddof=1) * np.sqrt(days_per_year)) if len(changes) > 1 else float("nan")


def amihud(close: Array, volume: Array, value_yuan: Array) -> float:
    """Illiquidity: mean over days with trade of absolute log return over money traded, percent per million CNY.

    References
    ----------
    Amihud (2002), Journal of Financial Markets 5, equation 1.
    """
    money = np.asarray(value_yuan, float)[1:][np.asarray(volume)[1:] > 0]
    return float(np.mean(np.abs(log_changes(close, volume)) / money) * 1e8) if len(money) else float("nan")


def relative_spread(bid: Array, ask: Array) -> float:
    """Mean of (ask - bid) / mid in percent, over the bars that ended with quotes on both sides.

    Examples
    --------
    >>> relative_spread([99.0, 50.0], [101.0, float("nan")])
    2.0
    """
    low, high = np.asarray(bid, float), np.asarray(ask, float)
    both = ~(np.isnan(low) | np.isnan(high))
    return float(100 * np.mean(2 * (high - low)[both] / (high + low)[both])) if both.any() else float("nan")


def two_sided_share(bid: Array, ask: Array) -> float:
    """Percent of bars that ended with quotes on both sides; elsewhere a spread is not defined."""
    both = ~(np.isnan(np.asarray(bid, float)) | np.isnan(np.asarray(ask, float)))
    return float(100 * np.mean(both)) if len(both) else float("nan")


def share_before(dates: Array, volume: Array, deadline: pd.Timestamp, months: int) -> float:
    """Percent of the volume that was traded in the last `months` months up to and including the deadline."""
    when = pd.DatetimeIndex(np.asarray(dates, "datetime64[ns]"))
    late = (when > deadline - pd.DateOffset(months=months)) & (when <= deadline)
    return 100 * ratio(np.sum(np.asarray(volume)[late]), np.sum(volume))


def share_of_months(dates: Array, volume: Array, months: tuple[int, ...]) -> float:
    """Percent of the volume that was traded in the named calendar months (1 to 12)."""
    late = pd.DatetimeIndex(np.asarray(dates, "datetime64[ns]")).month.isin(months)
    return 100 * ratio(np.sum(np.asarray(volume)[late]), np.sum(volume))


def share_of_last_days(volume: Array, share_of_days: float) -> float:
    """Percent of the volume that was traded in the last part of the trading days; a part of a day counts as a day.

    Examples
    --------
    >>> share_of_last_days([1, 1, 1, 1, 6], 0.2)
    60.0
    """
    units = np.asarray(volume, float)
    last = int(np.ceil(round(share_of_days * len(units), 9)))
    return 100 * ratio(np.sum(units[len(units) - last :]), np.sum(units))


def compliance_by_quantity(surrendered: Array, duty: Array) -> float:
    """Percent of what was due that was surrendered by the deadline."""
    return 100 * ratio(np.sum(surrendered), np.sum(duty))


def compliance_by_firm(shortfall: Array, duty: Array) -> float:
    """Percent of the firms with a duty that were without shortfall at the deadline."""
    obliged = np.asarray(duty) > 0
    return 100 * ratio(int(np.sum(np.asarray(shortfall)[obliged] == 0)), int(np.sum(obliged)))


def gini(x: Array) -> float:
    """Gini coefficient, (2 sum i x_(i)) / (n sum x) - (n + 1) / n with x in rising order.

    Raises
    ------
    ValueError
        If a value is negative: the coefficient is then not between 0 and 1.

    Examples
    --------
    >>> gini([1, 1, 1, 1]), gini([0, 0, 0, 1])
    (0.0, 0.75)
    """
    values = np.sort(np.asarray(x, float))
    if len(values) and values[0] < 0:
        raise ValueError(f"a Gini coefficient needs values of at least 0, got {values[0]}")
    n = len(values)
    if n == 0 or values.sum() == 0:
        return float("nan")
    return float(2 * np.sum(np.arange(1, n + 1) * values) / (n * values.sum()) - (n + 1) / n)


def herfindahl(amounts: Array) -> float:
    """Herfindahl-Hirschman index: sum of squared percentage shares, 10,000 for a single holder.

    Examples
    --------
    >>> herfindahl([50, 25, 25])
    3750.0
    """
    values = np.asarray(amounts, float)
    total = values.sum()
    return float(np.sum((100 * values / total) ** 2)) if total > 0 else float("nan")


def smith_alpha(prices: Array, competitive_price: float) -> float:
    """Smith's coefficient of convergence, 100 / p0 times the root mean square of price less p0.

    References
    ----------
    Smith (1962), Journal of Political Economy 70, 116.

    Examples
    --------
    >>> smith_alpha([45.0, 55.0], 50.0)
    10.0
    """
    gaps = np.asarray(prices, float) - competitive_price
    return float(100 / competitive_price * np.sqrt(np.mean(gaps**2))) if len(gaps) else float("nan")


def allocative_efficiency(surplus: float, max_surplus: float) -> float:
    """Percent of the surplus that a perfect market would make that this one made; negative if trades lost value.

    References
    ----------
    Gode and Sunder (1993), Journal of Political Economy 101, 131.
    """
    return 100 * ratio(surplus, max_surplus)


def cost_excess(cost: float, least_cost: float) -> float:
    """Percent by which a cost lies above the least cost of the same abatement."""
    return 100 * (ratio(cost, least_cost) - 1)


def cost_burden(purchase_yuan: Array, abatement_yuan: Array, fine_yuan: Array, baseline: Array) -> np.ndarray:
    """Return what compliance cost each firm per unit of its baseline, CNY per unit, for firms with a baseline.

    Sales are left out: a net cost may be negative, and a Gini coefficient is not defined then.  `share_gaining` says
    how many firms earned more by selling than they spent.
    """
    base = np.asarray(baseline, float)
    spent = np.asarray(purchase_yuan, float) + np.asarray(abatement_yuan, float) + np.asarray(fine_yuan, float)
    return spent[base > 0] / base[base > 0]


def share_gaining(spent_yuan: Array, revenue_yuan: Array) -> float:
    """Percent of the firms whose sales of rights brought more than compliance cost them."""
    net = np.asarray(spent_yuan, float) - np.asarray(revenue_yuan, float)
    return float(100 * np.mean(net < 0)) if len(net) else float("nan")
