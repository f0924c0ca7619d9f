"""Drawing: checks of an area or corridor that a planner draws, and the repair that is offered."""
