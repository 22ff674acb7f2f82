"""Banking close: what lapses, and what is carried over."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from rights_market.authority.net_sales import SalesCount
from rights_market.authority.office import Matter, Office
from rights_market.exchange.calendar import Period
from rights_market.policies.banking import BankingRule, Carry
from rights_market.registry.accounts import AccountKind
from rights_market.registry.ledger import Part

Int64 = npt.NDArray[np.int64]


def close(office: Office, matter: Matter, following: Period | None, on: date, sales: SalesCount) -> None:
    """Let lapse what may not be kept, and relabel the rest where the rule says so."""
    rule = office.books[matter.right].banking
    owners = _owners(office)
    shelf, target = office.shelf(matter.right), _target(office, matter, rule, following, on)
    carry = _carry(office, matter, rule, owners, on, sales)
    moved = carry.lapsed if target is None else carry.lapsed + carry.carried
    concerned = owners[moved.sum(axis=(0, 1)) > 0]
    touched = shelf.instruments[moved.sum(axis=(0, 2)) > 0]
    if office.withdraw_asks(matter, "banking", touched, concerned):
        # Lots that stood behind orders are free now, and free lots lapse first.
        carry = _carry(office, matter, rule, owners, on, sales)
    _lapse(office, matter, owners, carry.lapsed)
    if target is not None:
        _relabel(office, matter, target, owners, carry.carried)
    office.note(matter, "banking", "carried_over", lots=int(carry.carried.sum()))
    sales.start_anew(matter.right)


def _owners(office: Office) -> Int64:
    """Return all open accounts but those of the government and the exchange: what these hold does not lapse."""
    accounts = office.market.accounts
    own = np.isin(accounts.kinds, (AccountKind.GOVERNMENT, AccountKind.CLEARING))
    return np.flatnonzero(accounts.is_open & ~own).astype(np.int64)


def _carry(office: Office, matter: Matter, rule: BankingRule, owners: Int64, on: date, sales: SalesCount) -> Carry:
    registry, obligations, shelf = office.market.registry, office.market.obligations, office.shelf(matter.right)
    at = np.ix_(shelf.instruments, owners)
    holdings = np.stack([registry.free[at], registry.frozen[at], registry.pledged[at]])
    basis = None
    if rule.basis == "net_sales":
        basis = sales.lots(matter.right, rule)[owners]
    elif rule.basis == "allocation":
        basis = obligations.allocated_lots(*matter.key)[owners]
    elif rule.basis == "obligation":
        # An obligation is what the year's use asks for: debts from before do not widen the cap.
        basis = obligations.obligation_lots(*matter.key)[owners]
    return rule.carry(holdings, shelf.vintages, matter.period.vintage, basis_lots=basis, on=on)


def _lapse(office: Office, matter: Matter, owners: Int64, lapsed: Int64) -> None:
    for row, i in enumerate(office.shelf(matter.right).instruments.tolist()):
        if not lapsed[:, row].any():
            continue
        for part in Part:
            office.market.registry.expire(i, owners, lapsed[part, row], part=part)
        office.note(matter, "banking", "lapsed", instrument=i, lots=int(lapsed[:, row].sum()))
        office.note_each(matter, "banking", "pledge_lost", owners, lapsed[Part.PLEDGED, row], instrument=i)


def _target(office: Office, matter: Matter, rule: BankingRule, following: Period | None, on: date) -> int | None:
    """Return the instrument by which carried lots are replaced, None where they keep theirs."""
    vintage = rule.replaced_by(None if following is None else following.vintage, on)
    return None if vintage is None else office.market.instruments.of(matter.right, vintage).index


def _relabel(office: Office, matter: Matter, target: int, owners: Int64, carried: Int64) -> None:
    for row, i in enumerate(office.shelf(matter.right).instruments.tolist()):
        for part in Part:
            if carried[part, row].any():
                office.market.registry.carry_over(i, target, owners, carried[part, row], part=part)
