"""A report of others: offered with its formats, and what it does wrong is told to who asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from maps.errors.errors import ReportFailed
from maps.reports import REPORTS
from radio_gateway.plugins.plugins import PLUGINS
from tests.fixtures.plugin_packages import on_the_path, write_package
from tests.maps.servers.running import running

GROUP = "joint_patrol.reports"
ODD = """
    from maps.reports import Report
    from maps.reports.document.document import ReportDocument

    async def make(request):
        {what}
        return ReportDocument(
            report="odd", language="en", title="Odd boats", subtitle="Today", facts=(),
            sections=(), made_line="made",
        )

    REPORT = Report(make=make, about="time", formats={formats}, act="see tracks")
"""
PLUGINS_TABLE = {"allowed": ["odd-reports"]}


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Path]:
    with on_the_path(tmp_path):
        yield tmp_path


def write(
    folder: Path, *, entry: str = "odd", what: str = "pass", formats: str = "('html',)"
) -> None:
    source = ODD.format(what=what, formats=formats)
    write_package(folder, "odd-reports", source, {GROUP: {entry: "odd_reports:REPORT"}})


@pytest.mark.parametrize(
    ("entry", "formats", "fault"),
    [
        ("monthly", "('html',)", "there is another 'monthly', which stays"),
        ("odd", "('docx',)", "can be had as ('docx',), which there is not"),
    ],
)
async def test_what_cannot_be_one_is_not_offered(
    packages: Path, entry: str, formats: str, fault: str
) -> None:
    before = dict(REPORTS)
    write(packages, entry=entry, formats=formats)
    async with running(packages, plugins=PLUGINS_TABLE):
        assert before == REPORTS
    assert [each.fault for each in PLUGINS.found()] == [fault]


async def test_one_that_is_allowed_is_offered_and_made(packages: Path) -> None:
    write(packages)
    async with running(packages, plugins=PLUGINS_TABLE) as office:
        async with office.signed_in("commander") as client:
            offered = {each["name"]: each for each in (await client.get("/api/reports")).json()}
        assert offered["odd"] == {
            "name": "odd",
            "about": "time",
            "formats": ["html"],
            "allowed": True,
        }


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        ("raise ValueError('on purpose')", "raised ValueError: on purpose"),
        ("return 7", "makes int, no ReportDocument"),
    ],
)
async def test_what_it_does_wrong_is_told_and_names_it(
    packages: Path, what: str, fault: str
) -> None:
    write(packages, what=what)
    async with running(packages, plugins=PLUGINS_TABLE):
        with pytest.raises(ReportFailed, match=r"plug-in odd \(odd-reports 1.0\): "):
            await REPORTS["odd"].make(None)  # type: ignore[arg-type]
    (plugin,) = PLUGINS.found()
    assert fault in str(plugin.fault)
