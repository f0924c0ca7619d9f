"""Tests of radio_gateway.formats.number: it shows what `repr` shows, whatever the number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.formats.number import show_number


@given(
    st.one_of(
        st.floats(),
        st.floats(-180.0, 180.0),
        st.builds(
            lambda minutes, parts: (minutes + parts / 10_000) / 60.0,
            st.integers(-10_800, 10_800),
            st.integers(0, 9_999),
        ),
    )
)
def test_number_is_shown_as_repr_shows_it(number: float) -> None:
    assert show_number(number) == repr(number)
