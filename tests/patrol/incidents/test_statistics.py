"""Totals of incidents: the booklet's cases against a table made by hand, and what must hold."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.incidents.incident import (
    CATEGORIES,
    UNITS_OF,
    ArrestCount,
    Category,
    Credit,
    Incident,
    Seizure,
    Vehicle,
    check,
    parse_time,
)
from patrol.incidents.statistics import Total, totals, year_of

_numbers = itertools.count(1)

BOOKLET = Path(__file__).parents[1] / "data" / "booklet_incidents.json"

# Made by hand, from reading the booklet; in the order of its years. A country has a line for each
# year in which one of its agencies is credited. (reports, cases, arrested, seized)
BY_HAND: dict[tuple[int, str], tuple[int, int, int, dict[str, dict[str, float]]]] = {
    (2001, "CN"): (1, 1, 17, {"morphine": {"kg": 14.5}}),
    (2001, "LA"): (1, 1, 17, {"morphine": {"kg": 14.5}}),
    (2004, "KH"): (1, 1, 0, {"ats": {"tablets": 15800}, "ketamine": {"bottles": 2144}}),
    (2004, "TH"): (1, 1, 0, {"ats": {"tablets": 15800}, "ketamine": {"bottles": 2144}}),
    (2005, "CN"): (1, 1, 0, {"heroin": {"kg": 400}}),
    (2005, "LA"): (1, 1, 0, {"heroin": {"kg": 400}}),
    (2005, "MM"): (1, 1, 0, {"heroin": {"kg": 400}}),
    (2005, "TH"): (1, 1, 0, {"heroin": {"kg": 400}}),
    (2006, "CN"): (1, 1, 400, {"heroin, methamphetamine and other drugs": {"kg": 800}}),
    (2006, "LA"): (1, 1, 400, {"heroin, methamphetamine and other drugs": {"kg": 800}}),
    (2006, "VN"): (1, 1, 400, {"heroin, methamphetamine and other drugs": {"kg": 800}}),
    (2006, "MM"): (1, 1, 2, {"amphetamine": {"tablets": 100000}, "ecstasy": {"tablets": 1000}}),
    (2006, "TH"): (1, 1, 2, {"amphetamine": {"tablets": 100000}, "ecstasy": {"tablets": 1000}}),
    (2007, "LA"): (1, 7, 9, {"cannabis": {"kg": 1000}, "methamphetamine": {"tablets": 488}}),
    (2007, "VN"): (1, 7, 9, {"cannabis": {"kg": 1000}, "methamphetamine": {"tablets": 488}}),
    (2008, "LA"): (1, 16, 23, {"cannabis": {"kg": 322}}),
    (2008, "VN"): (1, 16, 23, {"cannabis": {"kg": 322}}),
    (2008, "MM"): (
        3,
        39,
        0,
        {"opiates": {"kg": 3}, "methamphetamine": {"tablets": 83000}, "ice": {"kg": 6}},
    ),
}
# The region, each case once.
REGION_BY_HAND: dict[int, tuple[int, int, int, dict[str, dict[str, float]]]] = {
    2001: (1, 1, 17, {"morphine": {"kg": 14.5}}),
    2004: (1, 1, 0, {"ats": {"tablets": 15800}, "ketamine": {"bottles": 2144}}),
    2005: (1, 1, 0, {"heroin": {"kg": 400}}),
    2006: (
        2,
        2,
        402,
        {
            "heroin, methamphetamine and other drugs": {"kg": 800},
            "amphetamine": {"tablets": 100000},
            "ecstasy": {"tablets": 1000},
        },
    ),
    2007: (1, 7, 9, {"cannabis": {"kg": 1000}, "methamphetamine": {"tablets": 488}}),
    2008: (
        4,
        55,
        23,
        {
            "cannabis": {"kg": 322},
            "opiates": {"kg": 3},
            "methamphetamine": {"tablets": 83000},
            "ice": {"kg": 6},
        },
    ),
}
# By country, all years: reports, cases, arrested.
COUNTRIES_BY_HAND = {
    "CN": (3, 3, 417),
    "KH": (1, 1, 0),
    "LA": (5, 26, 449),
    "MM": (5, 41, 2),
    "TH": (3, 3, 2),
    "VN": (3, 24, 432),
}


def booklet() -> list[Incident]:
    """Return the booklet's cases as an office of today would keep them."""
    answer = json.loads(BOOKLET.read_text(encoding="utf-8"))
    return [_incident(case, answer["agencies"]) for case in answer["incidents"]]


def _incident(case: dict[str, Any], agencies: dict[str, str]) -> Incident:
    happened_at, precision = parse_time(case["when"])
    credited = tuple(
        Credit(agency=each, country=agencies[each], agreed=True) for each in case["credited"]
    )
    return Incident(
        id=case["id"],
        agency=credited[0].agency,
        at=datetime(2009, 2, 1, tzinfo=UTC),
        state="closed",
        category=case["category"],
        happened_at=happened_at,
        precision=precision,
        cases=case.get("cases", 1),
        credited=credited,
        seizures=msgspec.convert(case.get("seizures", []), tuple[Seizure, ...]),
        arrested=msgspec.convert(case.get("arrested", []), tuple[ArrestCount, ...]),
        vehicles=msgspec.convert(case.get("vehicles", []), tuple[Vehicle, ...]),
        place_name=case.get("place", ""),
        narrative=case["narrative"],
    )


def told(total: Total) -> tuple[int, int, int, dict[str, dict[str, float]]]:
    return total.reports, total.cases, total.arrested, total.seized


def test_the_booklets_cases_can_be_logged_and_each_says_where_it_stands() -> None:
    cases = json.loads(BOOKLET.read_text(encoding="utf-8"))
    assert len({case["id"] for case in cases["incidents"]}) == len(cases["incidents"]) == 10
    for incident, case in zip(booklet(), cases["incidents"], strict=True):
        check(incident)
        assert incident.when == case["when"]
        assert case["box"]
        assert "unclear" in case
    assert all(each["why"] for each in cases["left_out"])


def test_the_booklets_totals_by_year_and_country_are_those_made_by_hand() -> None:
    made = totals(booklet())
    found = {
        (int(year), country): told(total)
        for year, table in made.by_year_and_country.items()
        for country, total in table.items()
    }
    assert found == BY_HAND
    assert {int(year): told(total) for year, total in made.by_year.items()} == REGION_BY_HAND
    assert {name: told(each)[:3] for name, each in made.by_country.items()} == COUNTRIES_BY_HAND


def test_the_region_counts_each_case_once() -> None:
    made = totals(booklet())
    assert (made.region.reports, made.region.cases, made.region.arrested) == (10, 67, 451)
    assert made.region.arrested_by_nationality == {"LA": 5, "unknown": 446}
    assert made.region.vehicles == 1
    assert made.region.seized["morphine"] == {"kg": 14.5}
    # tablets are no kilograms, though both are methamphetamine
    assert made.region.seized["methamphetamine"] == {"tablets": 83488}
    assert made.region.at_least == (
        "cannabis",
        "heroin",
        "heroin, methamphetamine and other drugs",
    )
    assert sum(each.reports for each in made.by_country.values()) == 20  # joint ones for each


def test_two_agencies_of_one_country_count_once_for_it_and_each_for_itself() -> None:
    credited = tuple(
        Credit(agency=agency, country=country, agreed=True)
        for agency, country in (("la-police", "LA"), ("la-navy", "LA"), ("ngo", None))
    )
    made = totals([drugs(credited=credited, seizures=(seized(3.0, "kg"),))])
    assert made.by_country["LA"].reports == made.region.reports == 1
    assert made.by_country["unknown"].reports == 1
    assert set(made.by_agency) == {"la-police", "la-navy", "ngo"}
    assert all(each.seized == {"heroin": {"kg": 3.0}} for each in made.by_agency.values())


def of(id: str, country: str, *, same_as: str = "", kg: float = 3.0) -> Incident:
    made = drugs(
        credited=(Credit(agency=f"{country}-police", country=country, agreed=True),),
        seizures=(seized(kg, "kg"),),
        same_as=same_as,
    )
    return msgspec.structs.replace(made, id=id, agency=f"{country}-police")


@pytest.mark.parametrize("order", [1, -1])
def test_one_event_that_two_agencies_logged_counts_once_while_both_are_seen(order: int) -> None:
    here, there = of("a", "LA"), of("b", "TH", same_as="a", kg=2.9)
    made = totals([here, there][::order])
    assert made.region.reports == 1
    assert made.region.seized == {"heroin": {"kg": 3.0}}  # as the one that is meant tells it
    assert made.by_country["LA"] == made.by_country["TH"] == made.region
    assert set(made.by_agency) == {"LA-police", "TH-police"}
    # nothing is shared any more: each counts its own
    assert totals([there]).region.seized == {"heroin": {"kg": 2.9}}
    assert totals([here]).region.reports == 1
    gone = msgspec.structs.replace(here, state="withdrawn")
    assert totals([gone, there]).region.seized == {"heroin": {"kg": 2.9}}


def test_three_that_point_at_each_other_in_a_circle_are_one_event() -> None:
    some = [of("a", "LA", same_as="b"), of("b", "TH", same_as="c"), of("c", "MM", same_as="a")]
    tail = of("d", "VN", same_as="b")
    for turn in range(3):
        made = totals([*some[turn:], *some[:turn], tail])
        assert made.region.reports == 1
        assert set(made.by_country) == {"LA", "TH", "MM", "VN"}


def test_what_was_withdrawn_counts_nowhere() -> None:
    gone = msgspec.structs.replace(drugs(seizures=(seized(3.0, "kg"),)), state="withdrawn")
    assert totals([gone]) == totals([])
    assert totals([]).region == Total()


def test_amounts_add_up_in_one_unit_and_names_whatever_their_case() -> None:
    some = [seized(500, "g"), seized(1, "tonnes"), seized(0.25, "kg")]
    seizures = [msgspec.structs.replace(some[0], what=" HEROIN "), *some[1:]]
    made = totals([drugs(seizures=(each,)) for each in seizures])
    assert made.region.seized == {"heroin": {"kg": 1000.75}}


@pytest.mark.parametrize(
    ("when", "zone", "year"),
    [
        ("2026-12-31T18:00Z", "Asia/Vientiane", 2027),  # 01:00 on new year's day there
        ("2026-12-31T18:00Z", "UTC", 2026),
        ("2027-01-01", "America/New_York", 2027),  # a date that was told is that date
        ("2027", "Asia/Vientiane", 2027),
    ],
)
def test_the_year_is_that_of_the_calendar_on_the_spot(when: str, zone: str, year: int) -> None:
    happened_at, precision = parse_time(when)
    incident = msgspec.structs.replace(drugs(), happened_at=happened_at, precision=precision)
    assert year_of(incident, ZoneInfo(zone)) == year


def seized(amount: float, unit: str, what: str = "heroin") -> Seizure:
    return msgspec.convert({"what": what, "amount": amount, "unit": unit}, Seizure)


def drugs(
    *, credited: tuple[Credit, ...] = (Credit(agency="a", country="LA"),), **more: Any
) -> Incident:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    values: dict[str, Any] = {"category": "drugs", "happened_at": at, "precision": "day"} | more
    return Incident(id=f"i{next(_numbers)}", agency="a", at=at, credited=credited, **values)


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    """Any incident that can be logged."""
    category: Category = draw(st.sampled_from(CATEGORIES))
    units = st.sampled_from(UNITS_OF[category])
    seizures = st.lists(
        st.builds(seized, st.integers(1, 10**6), units, st.sampled_from(("heroin", "teak"))),
        max_size=3,
    )
    agencies = draw(st.sets(st.sampled_from("abcdef"), min_size=1))
    countries = {"a": "LA", "b": "LA", "c": "TH", "d": "TH", "e": "MM", "f": None}
    incident = drugs(
        category=category,
        happened_at=datetime(draw(st.integers(2001, 2004)), 6, 1, tzinfo=UTC),
        precision="year",
        cases=draw(st.integers(1, 50)),
        arrested=tuple(
            ArrestCount(count=each) for each in draw(st.lists(st.integers(1, 9), max_size=1))
        ),
        credited=tuple(
            Credit(agency=each, country=countries[each], agreed=True) for each in sorted(agencies)
        ),
        seizures=tuple(draw(seizures)),
    )
    check(incident)
    return incident


@given(st.lists(incidents(), max_size=12))
def test_years_and_categories_add_up_to_the_region_and_the_order_does_not_matter(
    some: list[Incident],
) -> None:
    made = totals(some)
    assert totals(reversed(some)) == made
    for table in (made.by_year, made.by_category):
        assert sum(each.cases for each in table.values()) == made.region.cases
        assert sum(each.arrested for each in table.values()) == made.region.arrested
        for what, by_unit in made.region.seized.items():
            for unit, amount in by_unit.items():
                parts = [each.seized.get(what, {}).get(unit, 0.0) for each in table.values()]
                assert sum(parts) == pytest.approx(amount)
    for country, total in made.by_country.items():
        own = [
            each
            for each in some
            if country in {credit.country or "unknown" for credit in each.credited}
        ]
        assert total == totals(own).region
        years = [table[country] for table in made.by_year_and_country.values() if country in table]
        assert sum(each.cases for each in years) == total.cases


@given(st.lists(st.tuples(st.integers(0, 7), st.sampled_from(("LA", "TH", "MM"))), max_size=8))
def test_whatever_is_merged_as_the_same_the_order_does_not_matter(
    told: list[tuple[int, str]],
) -> None:
    some = [
        of(f"n{number}", country, same_as="" if other == number else f"n{other}", kg=number + 1)
        for number, (other, country) in enumerate(told)
    ]
    made = totals(some)
    assert totals(reversed(some)) == made
    assert made.region.reports <= len(some)
    assert (made.region.reports == 0) is (not some)
    assert set(made.by_country) == {country for _, country in told}
