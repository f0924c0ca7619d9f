"""Life: a state machine: which act leads from which state to which, as one table.

A case that has a life (patrol, agreement, hand-off, alert) names its table; nothing changes its
state but `Life.next_state`. The tables are printed in the documentation as they stand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from patrol.errors.errors import IllegalStep


class Lifecycle:
    """One table of states.

    Args:
        name: Whose, for example `patrol`.
        start: State in which it begins.
        steps: `(state, act)` to the state that it leads to.

    Attributes:
        name: As given.
        start: As given.
        steps: As given, read only.
        states: Every state, in the order in which the table names them.
        acts: Every act, in the same order.

    >>> life = Lifecycle("lamp", "off", {("off", "press"): "on", ("on", "press"): "off"})
    >>> life.next_state("off", "press")
    'on'
    >>> life.next_state("off", "hit")
    Traceback (most recent call last):
    ...
    patrol.errors.errors.IllegalStep: a lamp that is off cannot be changed by 'hit', only by: press
    """

    def __init__(self, name: str, start: str, steps: Mapping[tuple[str, str], str]) -> None:
        self.name, self.start = name, start
        self.steps = MappingProxyType(dict(steps))
        states = [start]
        for (before, _), after in steps.items():
            states += [before, after]
        self.states = tuple(dict.fromkeys(states))
        self.acts = tuple(dict.fromkeys(act for _, act in steps))
        self._goes_on = frozenset(before for before, _ in steps)

    def next_state(self, state: str, act: str) -> str:
        """Return the state that `act` leads to.

        Raises:
            IllegalStep: If the table has no such step; it names those there are.
        """
        try:
            return self.steps[state, act]
        except KeyError:
            raise IllegalStep(self.name, state, act, self.possible(state)) from None

    def possible(self, state: str) -> tuple[str, ...]:
        """Return the acts that are open to something in `state`; none at its end.

        >>> Lifecycle("lamp", "off", {("off", "press"): "on"}).possible("on")
        ()
        """
        return tuple(act for before, act in self.steps if before == state)

    def is_end(self, state: str) -> bool:
        """Return whether nothing leads on from `state`.

        >>> Lifecycle("lamp", "off", {("off", "press"): "on"}).is_end("on")
        True
        """
        return state not in self._goes_on

    def markdown(self) -> str:
        """Return the table for the documentation: a row a state, a column an act.

        >>> print(Lifecycle("lamp", "off", {("off", "press"): "on"}).markdown())
        | lamp | press |
        |---|---|
        | **off** | on |
        | **on** |  |
        """
        rows = [f"| {self.name} | {' | '.join(self.acts)} |", "|---" * (len(self.acts) + 1) + "|"]
        for state in self.states:
            to = [self.steps.get((state, act), "") for act in self.acts]
            rows.append(f"| **{state}** | {' | '.join(to)} |")
        return "\n".join(rows)
