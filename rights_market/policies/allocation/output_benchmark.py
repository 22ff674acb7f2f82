"""Free lots by output: each unit of product is given its benchmark."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import MinLen

from rights_market.errors import PolicyError
from rights_market.policies.allocation.activity import Activity
from rights_market.policies.allocation.benchmarks import EXACT, Factors, Product
from rights_market.policies.allocation.observed import AllocationRule, Observed


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputBenchmark(AllocationRule):
    """Free lots by output times benchmark, corrected for how a plant has to run.

    A firm's lots are the sum over its products of output x output benchmark x factor + heat x heat benchmark; the firm
    is rounded once, half up.

    Attributes
    ----------
    products : tuple of Product
        Products or unit classes with their benchmarks.
    factors : Factors
        Corrections of power plants.
    exempt : tuple of str
        Names of products that are given their verified use instead of a benchmark.

    Raises
    ------
    PolicyError
        If two products have one name, or `exempt` names none of `products`.

    References
    ----------
    Allocation plans of the Chinese ministry of ecology and environment, 2019-20 and 2021-22: formula and tables [seen],
    factors [known].  Exemption at verified use: plan of November 2025 [seen].
    """

    follows_output: ClassVar[bool] = True
    kind: Literal["output_benchmark"] = "output_benchmark"
    products: Annotated[tuple[Product, ...], MinLen(1)]
    factors: Factors = field(default_factory=Factors)
    exempt: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse names that are double or unknown."""
        names = [p.name for p in self.products]
        if len(set(names)) != len(names):
            raise PolicyError(f"output benchmark: products have the names {names}, expected each once")
        unknown = set(self.exempt) - set(names)
        if unknown:
            raise PolicyError(f"output benchmark: exempt names {sorted(unknown)}, but products are {names}")

    def positions(self, names: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return the position of each named product, as `Activity.product` holds it.

        Raises
        ------
        PolicyError
            If a name is not among `products`.
        """
        position = {p.name: i for i, p in enumerate(self.products)}
        missing = sorted(set(names) - position.keys())
        if missing:
            raise PolicyError(f"output benchmark: E_CLASS: no product {missing}; products are {list(position)}")
        return np.array([position[name] for name in names], np.int64)

    def claims(self, observed: Observed) -> npt.NDArray[np.int64]:
        """Return the lots of each firm by its output; the use of the year for firms of exempt products."""
        product = self.positions(observed.classes)
        activity = Activity.of(product, observed.output_units, n_firms=len(observed))
        lots = np.array(self.allocate(activity, observed.year, observed.lot), np.int64)
        return np.where(self._is_exempt(product), observed.use_lots, lots)

    def is_known(self, year: int, classes: Collection[str], reported: Collection[int]) -> bool:
        """Return whether the benchmarks of all classes that are not exempt reach the year."""
        return all(p.reaches(year) for p in self.products if p.name in classes and p.name not in self.exempt)

    def refuse_classes(self, classes: Collection[str]) -> None:
        """Refuse classes that are no product."""
        self.positions(sorted(set(classes)))

    @property
    def credits_use(self) -> bool:
        """Whether some firms are given what they use."""
        return bool(self.exempt)

    def credit_for_use(self, observed: Observed, yearly_rate: float) -> npt.NDArray[np.float64]:
        """Return 1 for firms of exempt products, who are given what they use, and 0 for all others."""
        return self._is_exempt(self.positions(observed.classes)).astype(np.float64)

    def _is_exempt(self, product: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        return np.array([p.name in self.exempt for p in self.products])[product]

    def allocate(self, activity: Activity, year: int, lot: Decimal = Decimal(1)) -> list[int]:
        """Return the lots of each firm for `year`.

        Parameters
        ----------
        activity : Activity
            What the firms made.
        year : int
            Year whose benchmarks apply.
        lot : Decimal
            Units of the right in one lot.

        Returns
        -------
        list of int
            Lots of each firm, shape (n_firms,); 0 without output.

        Raises
        ------
        PolicyError
            If a row names a product that does not exist, or a benchmark lacks the year.

        Examples
        --------
        >>> from rights_market.policies.allocation.benchmarks import Benchmark
        >>> steel = Product(name="steel", output=Benchmark(table={2025: Decimal("1.85")}))
        >>> OutputBenchmark(products=(steel,)).allocate(Activity.of(product=0, output_units=[10, 11]), 2025)
        [19, 20]
        """
        if activity.product.max(initial=0) >= len(self.products):
            raise PolicyError(
                f"output benchmark: activity names product {activity.product.max()}, "
                f"products end at {len(self.products) - 1}"
            )
        units = [Decimal(0)] * activity.n_firms
        for firm, row in zip(activity.firm.tolist(), self._row_units(activity, year), strict=True):
            units[firm] = EXACT.add(units[firm], row)
        # Half up of u / lot; whole division of decimals is exact and far faster than fractions.
        return [int(EXACT.divide_int(EXACT.add(EXACT.add(u, u), lot), EXACT.add(lot, lot))) for u in units]

    def _row_units(self, activity: Activity, year: int) -> list[Decimal]:
        """Return the exact units of each row; the benchmark of a plant is computed once for all alike."""
        rates: dict[tuple[int, bool, int, int], tuple[Decimal, Decimal]] = {}
        exempt = [p.name in self.exempt for p in self.products]
        plants = zip(
            activity.product.tolist(),
            activity.is_air_cooled.tolist(),
            activity.heat_share.tolist(),
            activity.load.tolist(),
            strict=True,
        )
        amounts = zip(
            activity.output_units.tolist(), activity.heat_units.tolist(), activity.verified_units.tolist(), strict=True
        )
        rows = []
        for plant, (output, heat, verified) in zip(plants, amounts, strict=True):
            if exempt[plant[0]]:
                rows.append(Decimal(verified))
                continue
            if plant not in rates:
                rates[plant] = self._rates(year, *plant)
            output_rate, heat_rate = rates[plant]
            rows.append(EXACT.fma(output, output_rate, EXACT.multiply(heat, heat_rate)))
        return rows

    def _rates(
        self, year: int, product: int, is_air_cooled: bool, heat_share: int, load: int
    ) -> tuple[Decimal, Decimal]:
        """Return the units given for one unit of output and for one GJ of heat."""
        made = self.products[product]
        factor = self.factors.value(made, is_air_cooled, heat_share, load)
        heat = made.heat.value(year, f"heat of {made.name}") if made.heat else Decimal(0)
        return EXACT.multiply(made.output.value(year, made.name), factor), heat
