"""All that is known of the messages of one account."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Self

from airflow_provider_postpress.api.products import LINKEDIN_PRODUCTS
from airflow_provider_postpress.coverage.evidence import Evidence, Product
from airflow_provider_postpress.coverage.intervals import Interval, intersect, subtract, union

_ENDS_KEPT = 12
"""So many ends of windows tell an account's rhythm."""


class History:
    """
    What is synced of an account, and what has failed.

    :param lost_before: what was proven before this moment, in epoch milliseconds, is in doubt: a sync that was to begin
        everything anew has failed then. It counts as failed
    """

    def __init__(self, *, lost_before: int = 0) -> None:
        self.newest: int | None = None
        """When the newest sync succeeded, in epoch milliseconds."""
        self.ends: list[int] = []
        """The newest ends of synced windows of schedules, each once, in order."""
        self._lost_before = lost_before
        self._first: dict[Product, int] = {}
        self._synced: dict[Product, list[Interval]] = {}
        self._failed: dict[Product, list[Interval]] = {}

    def note(self, evidence: Iterable[Evidence]) -> Self:
        """
        Add what is known.

        :param evidence: in any order; what was added before may be among it
        """
        synced: dict[Product, list[Interval]] = {}
        lost: dict[Product, list[Interval]] = {}
        failed: dict[Product, list[Interval]] = {}
        successes = []
        for known in evidence:
            if not known.synced:
                kind = failed
            else:
                successes.append(known)
                kind = synced if known.at >= self._lost_before else lost
            kind.setdefault(known.product, []).append(known.interval)
        for some in (synced, lost):
            for product, intervals in some.items():
                self._begin(product, min(start for start, _ in intervals))
        if successes:
            self.newest = max(self.newest or 0, *(known.at for known in successes))
            self._note_ends(successes)
        _unite(self._synced, synced)
        _unite(self._failed, lost)
        _unite(self._failed, failed)
        return self

    def _note_ends(self, successes: list[Evidence]) -> None:
        ends = set(self.ends)
        newest: set[int] = set()
        for known in sorted(successes, key=lambda known: known.interval[1], reverse=True):
            if len(newest) == _ENDS_KEPT:
                break
            if known.is_regular:
                newest.add(known.interval[1])
        self.ends = sorted(ends | newest)[-_ENDS_KEPT:]

    def note_synced(self, product: Product, intervals: Iterable[Interval]) -> Self:
        """
        Add what is known to be synced, though not since when.

        :param product: of which product; ``None``: of all
        :param intervals: the spans
        """
        united = union(intervals)
        if united:
            self._begin(product, united[0][0])
            _unite(self._synced, {product: united})
        return self

    def joined(self, other: History) -> History:
        """
        Give what this and another history of the same account tell together.

        :param other: the other
        """
        joined = History()
        joined.newest = max(self.newest or 0, other.newest or 0) or None
        joined.ends = sorted({*self.ends, *other.ends})[-_ENDS_KEPT:]
        for history in (self, other):
            for product, first in history._first.items():
                joined._begin(product, first)
            _unite(joined._synced, history._synced)
            _unite(joined._failed, history._failed)
        return joined

    def doubted(self) -> History:
        """Give the same history, all of it in doubt."""
        doubted = self.joined(History())
        _unite(doubted._failed, doubted._synced)
        doubted._synced = {}
        return doubted

    @property
    def products(self) -> tuple[Product, ...]:
        """The products that were synced, or failed, by themselves."""
        named = {*self._synced, *self._failed}
        return tuple(product for product in LINKEDIN_PRODUCTS if product in named)

    def proven(self, product: Product) -> list[Interval]:
        """
        Give what syncs of just this product, or just of all, have proven.

        :param product: the product; ``None``: syncs of all
        """
        return self._synced.get(product, [])

    def synced(self, product: Product = None) -> list[Interval]:
        """
        Give what is synced. A sync of all products counts for each, one of a product for that alone.

        :param product: of this product; ``None``: of all that LinkedIn has, since nobody told which the account has
        """
        if product is not None:
            return union(self.proven(None), self.proven(product))
        return self._synced_of_each(LINKEDIN_PRODUCTS)

    def followed(self) -> list[Interval]:
        """
        Give what is synced of the products that are synced here, as a page shows it for an account.

        An account has all products that were ever synced by themselves, and ``classic`` if all were synced together.
        To be sure that nothing is missing of what it may have besides, ask :meth:`synced`.
        """
        if not self.products:
            return list(self.proven(None))
        return self._synced_of_each({*self.products, "classic"} if self.proven(None) else set(self.products))

    def _synced_of_each(self, products: Iterable[Product]) -> list[Interval]:
        return union(self.proven(None), reduce(intersect, map(self.proven, products)))

    def failed(self, product: Product = None) -> list[Interval]:
        """
        Give what has failed, whether or not it is synced by now.

        :param product: of this product, or with it; ``None``: of any
        """
        return union(*(failed for one, failed in self._failed.items() if product is None or one in (None, product)))

    def since(self, product: Product = None) -> int | None:
        """
        Give the first moment that was ever synced, in epoch milliseconds; ``None``: nothing was.

        :param product: of this product, or with it; ``None``: of any
        """
        return min(
            (first for one, first in self._first.items() if product is None or one in (None, product)), default=None
        )

    def _begin(self, product: Product, moment: int) -> None:
        self._first[product] = min(self._first.get(product, moment), moment)

    def gaps(self, span: Interval, product: Product = None) -> list[Interval]:
        """
        Give what is missing in a span.

        :param span: the span
        :param product: of this product; ``None``: of all, as for :meth:`synced`
        """
        return subtract([span], self.synced(product))


def _unite(known: dict[Product, list[Interval]], more: dict[Product, list[Interval]]) -> None:
    for product, intervals in more.items():
        known[product] = union(known.get(product, ()), intervals)
