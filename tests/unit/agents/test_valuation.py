"""What a unit is worth: ln v = e + w ln P* + (1 - w) ln m, with the shared solver's price P* and the slow mean m."""

import numpy as np
import pytest

from agents.behaviour import Behaviour
from agents.firms import Firms
from agents.seats import Seats
from agents.spec import Label, PopulationSpec, SectorSpec, StrategyShare
from agents.streams import Streams
from agents.valuation import Valuation, worth_of_a_lack

N = 4000
SPEC = SectorSpec(Label("x", "x"), 100.0, "t", {"CEA": 1.0, "SO2": 1.0}, firms=N)
PEOPLE = PopulationSpec({"x": SPEC}, [StrategyShare("hedger", 1.0)])


def valuation(behaviour: Behaviour | None = None, *, institutions: int = 1, seed: int = 1) -> Valuation:
    """Two rights; every firm has a seat in both, and after the firms come institutions."""
    streams = Streams(seed)
    firms = Firms(PEOPLE, ["CEA", "SO2"], streams)
    traders = np.arange(N + institutions)
    seats = Seats(np.repeat([0, 1], len(traders)), np.tile(traders, 2), np.tile(traders + 2, 2))
    size = np.tile(np.append(np.arange(N, dtype=float), np.zeros(institutions)), 2)
    return Valuation(seats, firms, size, behaviour or Behaviour(), streams, np.array([4200.0, 500.0]))


@pytest.mark.parametrize(("w", "expected"), [(1.0, 6800.0), (0.0, 4200.0), (0.5, 5344.156), (0.7, 5884.791)])
def test_a_value_is_the_weighted_geometric_mean_of_solver_and_past_prices(w: float, expected: float) -> None:
    """6,800^w x 4,200^(1 - w): sqrt(68 x 42) is 53.44156."""
    found = valuation(Behaviour(belief_sd=0.0, forward_weight=w)).values(np.array([6800.0, 500.0]))
    assert found[: N + 1] == pytest.approx(expected, rel=1e-6) and found[N + 1 :] == pytest.approx(500.0)


def test_beliefs_differ_by_firm_and_right_and_have_the_stated_spread() -> None:
    found = valuation(Behaviour(belief_sd=0.2))
    logs = np.log(found.values(np.array([4200.0, 500.0])) / np.repeat([4200.0, 500.0], N + 1)).reshape(2, -1)
    assert logs[:, :N].std(axis=1) == pytest.approx(0.2, rel=0.04)
    assert abs(np.corrcoef(logs[:, :N])[0, 1]) < 0.05
    assert logs[:, N] == pytest.approx(0.0)  # an institution holds no belief of this kind


def test_what_is_known_of_others_brings_beliefs_together() -> None:
    """Half of the variance is doubt about figures; of that, 40 % are left and 60 % taken away: 1 - 0.5 x 0.6 = 0.7."""
    known, plain = valuation(Behaviour(figures_share=0.5)), valuation()
    known.learn(0, 0.6)
    ratio = known.belief_error[:N] / plain.belief_error[:N]
    assert ratio == pytest.approx(np.sqrt(0.7))
    assert np.array_equal(known.belief_error[N + 1 :], plain.belief_error[N + 1 :])
    again = valuation()
    again.restore(known.state())
    again.learn(0, 0.0)
    assert again.belief_error == pytest.approx(plain.belief_error)


def test_leads_and_reputations_are_lognormal_around_their_medians() -> None:
    found = valuation()
    for drawn, median, sigma in ((found.lead_days, 30.0, 0.7), (found.reputation_yuan, 20.0, 1.0)):
        own = np.log(drawn.reshape(2, -1)[:, :N])
        assert np.median(own) == pytest.approx(np.log(median), abs=0.04)
        assert own.std() == pytest.approx(sigma, rel=0.03)


def test_more_of_the_small_firms_are_short_of_funds_in_all_rights_alike() -> None:
    b = Behaviour(distressed_small=0.45, distressed_large=0.20)
    rate = valuation(b).funds_rate.reshape(2, -1)
    large = np.arange(N) > np.quantile(np.arange(N), 0.8)
    for right in (0, 1):
        short = rate[right, :N] == b.distress_rate
        assert short[large].mean() == pytest.approx(0.20, abs=0.045)
        assert short[~large].mean() == pytest.approx(0.45, abs=0.03)
    assert np.array_equal(rate[0], rate[1])
    assert (rate[:, N] == b.cost_of_funds).all()


def test_the_common_shock_halves_in_its_half_life_and_moves_all_alike() -> None:
    found = valuation(Behaviour(belief_sd=0.0, news_sd=0.0, news_half_life_days=69.0))
    found.news = 0.3
    for _ in range(69):
        found.hear_news(np.random.default_rng(1))
    assert found.news == pytest.approx(0.15)
    assert found.values(np.array([4200.0, 500.0])) == pytest.approx(np.repeat([4200, 500], N + 1) * np.exp(0.15))


def test_news_comes_every_day() -> None:
    found, rng, seen = valuation(Behaviour(news_sd=0.012, news_half_life_days=5.0)), np.random.default_rng(2), []
    for _ in range(4000):
        found.hear_news(rng)
        seen.append(found.news)
    keep = 0.5 ** (1 / 5)
    assert np.std(seen) == pytest.approx(0.012 / np.sqrt(1 - keep**2), rel=0.1)


def test_the_slow_mean_follows_only_prices_that_were_made() -> None:
    found = valuation(Behaviour(anchor_days=60.0))
    found.follow(np.array([4800.0, 800.0]), np.array([True, False]))
    assert found.slow_price.tolist() == [4200.0 + 600.0 / 60.0, 500.0]


def test_unfilled_buying_raises_lasting_beliefs() -> None:
    found = valuation(Behaviour(belief_sd=0.0, imbalance_speed=0.1))
    found.follow_imbalance(np.array([0.5, -1.0]))
    assert found.belief_error == pytest.approx(np.repeat([0.05, -0.1], N + 1))


def test_no_unit_is_worth_less_than_a_tick_because_of_the_solver() -> None:
    found = valuation(Behaviour(belief_sd=0.0, forward_weight=1.0))
    assert found.values(np.zeros(2)) == pytest.approx(1.0)


def test_traits_of_firms_do_not_depend_on_who_else_trades() -> None:
    few, many = valuation(institutions=1), valuation(institutions=9)
    for name in ("belief_error", "lead_days", "funds_rate", "reputation_yuan"):
        a, b = getattr(few, name).reshape(2, -1)[:, :N], getattr(many, name).reshape(2, -1)[:, :N]
        assert np.array_equal(a, b), name


def test_a_state_brings_back_what_moves() -> None:
    found = valuation(Behaviour(imbalance_speed=0.1))
    found.news = 0.1
    found.follow(np.array([4800.0, 800.0]), np.array([True, True]))
    found.follow_imbalance(np.array([0.5, -1.0]))
    again = valuation(Behaviour(imbalance_speed=0.1))
    again.restore(found.state())
    prices = np.array([6000.0, 700.0])
    assert np.array_equal(again.values(prices), found.values(prices))
    assert np.array_equal(again.lead_days, found.lead_days)


def test_a_unit_lacked_is_worth_what_the_market_asks_up_to_the_ceiling() -> None:
    """With four fifths on the last price, 20 is worth 0.2 x 20 + 0.8 x 40 = 36 where the market is at 40."""
    worth = worth_of_a_lack(np.array([20.0, 20.0, 50.0]), 40.0, np.array([90.0, 30.0, 90.0]), 0.8)
    assert worth.tolist() == pytest.approx([36.0, 30.0, 50.0])
