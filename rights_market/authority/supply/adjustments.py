"""What auctions to come will lose and gain by orders of stability rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

Kind = Literal["cut", "add"]


class Adjustments:
    """Lots by which the auctions of a right will be cut or enlarged, by rule and by number of the auction."""

    def __init__(self) -> None:
        self._lots: dict[Kind, dict[str, dict[int, int]]] = {"cut": {}, "add": {}}

    def order(self, kind: Kind, rule: str, auctions: Sequence[int], lots: Sequence[int]) -> None:
        """Order lots to be cut from some auctions or added to them."""
        book = self._lots[kind].setdefault(rule, {})
        for index, n in zip(auctions, lots, strict=True):
            if n:
                book[index] = book.get(index, 0) + n

    def take(self, kind: Kind, rule: str, index: int) -> int:
        """Return what is ordered for an auction, and strike it off."""
        return self._lots[kind].get(rule, {}).pop(index, 0)

    def net(self, auctions: Iterable[int]) -> int:
        """Return the lots by which some auctions will be larger (above 0) or smaller."""
        chosen = list(auctions)
        added, cut = (sum(book.get(i, 0) for book in self._lots[k].values() for i in chosen) for k in ("add", "cut"))
        return added - cut

    def state(self) -> dict[str, Any]:
        """Return all orders as plain lists."""
        return {kind: {r: sorted(b.items()) for r, b in books.items()} for kind, books in self._lots.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        for kind, books in self._lots.items():
            books.clear()
            for rule, rows in state[kind].items():
                books[rule] = {int(i): int(n) for i, n in rows}
