"""The authority reviews its own rules: it looks at a figure, moves a number by a step, and says so before it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from rights_market.authority.mrv.dates import published_on
from rights_market.authority.observations import Observations
from rights_market.authority.office import Office
from rights_market.entitlement import Entitlement
from rights_market.errors import PolicyError
from rights_market.exchange.calendar import Dated, Entry, TradingCalendar
from rights_market.policies.feedback import FeedbackRule, Review
from rights_market.policies.fields import number_at
from rights_market.records import Event
from rights_market.rule_change import Adjustment, refuse_surprise
from rights_market.rulebook import RuleBook


class Regulator:
    """Carries out the feedback rules of all rights.

    Parameters
    ----------
    office : Office
    entitlements : dict of str to Entitlement
        What allocates by the rules, and has to know of those to come.
    observations : Observations
    """

    def __init__(self, office: Office, entitlements: Mapping[str, Entitlement], observations: Observations) -> None:
        self._office, self._entitlements, self._observations = office, entitlements, observations

    def review(self, right: str, number: int, today: date) -> bool:
        """Review one of the feedback rules of a right, and return whether that changes anything from some day on."""
        history = self._office.histories[right]
        rule = history.book.regulator[number]
        observed = self._observations.figure(right, rule, today)
        if observed is None:
            self._note(right, rule, "no_observation", f"{rule.watch} is not known yet")
            return False
        current = number_at(history.announced, rule.field)
        found = rule.decide(observed, current)
        if found.value == current:
            self._note(right, rule, found.code, f"{found.why}: {rule.field} stays {current}")
            return False
        return self._move(right, rule, found, today, f"{found.why}: {rule.field} {current} -> {found.value}")

    def _move(self, right: str, rule: FeedbackRule, found: Review, today: date, words: str) -> bool:
        """Announce a new number; one that does not go together with what else was moved is left as it is."""
        history = self._office.histories[right]
        start = today + timedelta(rule.notice)
        change = Adjustment(right=right, announce=today, start=start, field=rule.field, value=found.value, reason=words)
        try:
            history.adjust(change)
        except PolicyError as error:
            self._note(right, rule, "rule_unmet", f"{words}: {error}")
            return False
        self._entitlements[right].adopt_books(history.books)
        self._note(right, rule, found.code, words)
        self._office.note_rules(right, "rule_announced", change)
        return True

    def _note(self, right: str, rule: FeedbackRule, code: str, words: str) -> None:
        day = self._office.market.registry.day
        self._office.market.events.append(Event(day, "rule_review", rule.kind, code, note=f"{right}: {words}"))


def review_dates(rule: FeedbackRule, book: RuleBook, calendar: TradingCalendar) -> list[date]:
    """Return the trading days on which a rule is reviewed, in order."""
    if rule.review == "publish":
        days = (calendar.index_on_or_after(published_on(p, calendar)) for p in book.periods)
        first = calendar.days[0]
        known = {i for i, p in zip(days, book.periods, strict=True) if i is not None and p.deadline >= first}
        return [calendar.days[i] for i in sorted(known)]
    length = 4 if rule.review == "year_close" else 7
    last = {d.isoformat()[:length]: d for d in calendar.days}
    return sorted(last.values())


def regulator_dates(book: RuleBook, calendar: TradingCalendar) -> Iterator[Dated]:
    """Yield the reviews of a right, and the days on which what they decide would begin."""
    for number, rule in enumerate(book.regulator):
        for when in review_dates(rule, book, calendar):
            yield Dated(when, Entry("rule_review", book.right.code, str(number)))
            yield Dated(when + timedelta(rule.notice), Entry("rule_change", book.right.code, f"regulator.{number}"))


def refuse_late_reviews(book: RuleBook, number: int, calendar: TradingCalendar) -> None:
    """Refuse a feedback rule whose decisions would come too late for a period that they still concern.

    Raises
    ------
    PolicyError
        Naming the review and the period.
    """
    rule = book.regulator[number]
    value = number_at(book, rule.field)
    for when in review_dates(rule, book, calendar):
        start = when + timedelta(rule.notice)
        change = Adjustment(
            right=book.right.code, announce=when, start=start, field=rule.field, value=value, reason=rule.review
        )
        refuse_surprise(book, change)
