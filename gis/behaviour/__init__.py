"""Behaviour: what a boat does for some time, folded from its fixes one by one.

Each fold is a pure function of a state and the next fix, in order of time; a state is a few
numbers. One wild fix, or two in a row, decide nothing: they neither begin nor end anything.
"""
