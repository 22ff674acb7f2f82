"""What feedback rules say about the rules that they move, and when their decisions would come too late."""

from __future__ import annotations

from collections.abc import Iterator

from experiments.scenarios.errors import Problem
from experiments.scenarios.located import rule_problem
from experiments.scenarios.nodes import Node
from experiments.scenarios.schema import MarketScenario, rule_book
from rights_market.authority.regulator import refuse_late_reviews
from rights_market.errors import RightsMarketError
from rights_market.rule_change import refuse_feedback


def regulator_problems(scenario: MarketScenario, root: Node) -> Iterator[Problem]:
    """Yield what is wrong with the feedback rules of rights that are sound without them."""
    for code, block in scenario.rights.items():
        if not block.regulator:
            continue
        try:
            book, calendar = rule_book(code, block), scenario.trading_calendar()
        except RightsMarketError:
            continue  # Told already.
        for number in range(len(block.regulator)):
            try:
                refuse_feedback(book, number)
                refuse_late_reviews(book, number, calendar)
            except RightsMarketError as error:
                yield rule_problem(error, ("rights", code, "regulator", number), root)
