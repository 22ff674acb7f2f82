"""What monitoring left on file, as tables: use as it was and as it became known, inventory, targets, disclosure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rights_market.authority.mrv import METHODS, NO_REPORT

if TYPE_CHECKING:
    from agents.model import RightsMarketModel

FEN = 100.0


def monitoring_tables(model: RightsMarketModel) -> dict[str, pd.DataFrame]:
    """Return the tables for which a right has rules; none for a market without monitoring."""
    books = model.config.rule_books
    tables = {}
    if any(b.is_monitored for b in books):
        tables["mrv"] = mrv(model)
    if any(b.inventory is not None for b in books):
        tables["inventory"] = inventory(model)
        tables["targets"] = targets(model)
    if any(b.disclosure is not None for b in books):
        tables["disclosure"] = disclosure(model)
    return tables


def mrv(model: RightsMarketModel) -> pd.DataFrame:
    """Return what became known of the use of each firm that must hold a right; true use is known to nobody else."""
    accounts = model.accounts_of[: len(model.firms)]
    frames = []
    for (right, period), file in model.authority.monitoring.files.items():
        lot = _lot(model, right)
        reported = np.where(file.reported == NO_REPORT, np.nan, file.reported * lot)
        frame = pd.DataFrame(
            {
                "right": right,
                "period": period,
                "account": accounts,
                "sector": np.array(model.firms.sector_codes, dtype=object)[model.firms.sector],
                "method": np.array(METHODS, dtype=object)[file.method],
                "true": file.true * lot,
                "measured": file.measured * lot,
                "reported": reported,
                "verified": file.verified * lot,
                "verifier": file.verifier + 1,
                "audited": file.audited,
                "corrected": file.corrected * lot,
                "found": file.found * lot,
                "fine_yuan": file.fine_fen / FEN,
            }
        )
        frames.append(frame[file.subject])
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["right", "period"])


def inventory(model: RightsMarketModel) -> pd.DataFrame:
    """Return the published inventories."""
    rows = [
        (right, period, line.prefecture, line.sector, line.covered, line.lots * _lot(model, right))
        for (right, period), lines in model.authority.monitoring.publication.inventories.items()
        for line in lines
    ]
    frame = pd.DataFrame(rows, columns=["right", "period", "prefecture", "sector", "covered", "quantity"])
    return frame.astype({"covered": bool, "quantity": float})


def targets(model: RightsMarketModel) -> pd.DataFrame:
    """Return the responsibility table: how each prefecture did against its target."""
    rows = [
        (x.right, x.period, x.prefecture, *(n * _lot(model, x.right) for n in (x.base, x.target, x.result)), *x[6:])
        for x in model.authority.monitoring.publication.scores
    ]
    names = ["right", "period", "prefecture", "base", "target", "result", "score", "grade"]
    return pd.DataFrame(rows, columns=names).astype(dict.fromkeys(("base", "target", "result", "score"), float))


def disclosure(model: RightsMarketModel) -> pd.DataFrame:
    """Return what each firm published, and what outsiders believe of it."""
    accounts = model.accounts_of[: len(model.firms)]
    frames = []
    for shown in model.authority.monitoring.publication.shown:
        lot = _lot(model, shown.right)
        frame = pd.DataFrame(
            {
                "right": shown.right,
                "period": shown.period,
                "account": accounts,
                "item": shown.item,
                "published": shown.published * lot,
                "belief": shown.belief * lot,
                "belief_sd": shown.belief_sd * lot,
            }
        )
        frames.append(frame[model.authority.monitoring.files[shown.right, shown.period].subject])
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["right", "period"])


def _lot(model: RightsMarketModel, right: str) -> float:
    return float(model.config.rule_books[model.right_codes.index(right)].right.lot)
