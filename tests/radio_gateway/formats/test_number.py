"""Numbers are shown as `repr` shows them, whatever the number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.formats.number_parsing import show_place

NUMBERS = st.one_of(
    st.floats(),
    st.floats(-180.0, 180.0),
    st.builds(
        lambda minutes, parts: (minutes + parts / 10_000) / 60.0,
        st.integers(-10_800, 10_800),
        st.integers(0, 9_999),
    ),
)


@given(lon=NUMBERS, lat=NUMBERS)
def test_place_is_shown_as_repr_shows_it(lon: float, lat: float) -> None:
    assert show_place(lon, lat) == f"{lon!r}|{lat!r}"
