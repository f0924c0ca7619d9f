"""The rules, looked up by the number of the area they speak of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from gis.errors import RuleError
from gis.fences.index import FenceSet
from gis.fences.rules import Cross, Dwell, Enter, Leave, Meet, Near, Rule, Speed, Void

Flip: TypeAlias = Enter | Leave | Near


class RuleBook:
    """Rules over one set of areas.

    >>> import shapely
    >>> from gis.fences.area import polygon
    >>> fences = FenceSet([polygon("a", shapely.box(100.0, 20.0, 100.1, 20.1))])
    >>> book = RuleBook(fences, [Enter(id="in", area="a")])
    >>> [rule.id for rule in book.coming[0]]
    ['in']
    """

    def __init__(self, fences: FenceSet, rules: Sequence[Rule]) -> None:
        """Look up the areas of rules.

        Raises:
            RuleError: If two have one id, or one speaks of an area that is not there or that is a
                line where a polygon is needed, or the other way round.
        """
        self.fences = fences
        self.rules = tuple(rules)
        self.coming: dict[int, list[Enter | Near]] = {}
        self.going: dict[int, list[Leave]] = {}
        self.crossing: dict[int, list[Cross]] = {}
        self.dwelling: dict[int, list[Dwell]] = {}
        self.speeding: dict[int, list[Speed]] = {}
        self.meeting: list[Meet] = []
        self.voids: list[tuple[int, Void]] = []
        ids: set[str] = set()
        for rule in rules:
            if rule.id in ids:
                raise RuleError(rule.id, "is there twice")
            ids.add(rule.id)
            self._file(rule)
        #: Whether a unit that stands still may bring an event, by the time it has been there.
        self.lasting = bool(self.dwelling or self.speeding)
        #: Areas whose comings and goings are kept for rules that look at several units.
        self.peopled = frozenset(number for number, _ in self.voids)

    def _file(self, rule: Rule) -> None:
        if isinstance(rule, Meet):
            self.meeting.append(rule)
            return
        number = self.fences.number.get(rule.area)
        if number is None:
            raise RuleError(rule.id, f"there is no area {rule.area}")
        is_line = self.fences.areas[number].kind == "line"
        if is_line != isinstance(rule, Cross):
            raise RuleError(rule.id, f"{rule.area} is a {self.fences.areas[number].kind}")
        if isinstance(rule, Enter | Near):
            self.coming.setdefault(number, []).append(rule)
        elif isinstance(rule, Leave):
            self.going.setdefault(number, []).append(rule)
        elif isinstance(rule, Cross):
            self.crossing.setdefault(number, []).append(rule)
        elif isinstance(rule, Dwell):
            self.dwelling.setdefault(number, []).append(rule)
        elif isinstance(rule, Speed):
            self.speeding.setdefault(number, []).append(rule)
        else:
            self.voids.append((number, rule))
