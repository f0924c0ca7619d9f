"""Settings: every fault named with its place, all at once; safe defaults."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from maps.errors.errors import SettingsFaults
from maps.settings.settings import Settings, read_settings, settings_of


def settings(tmp_path: Path, environment: dict[str, str] | None = None, **tables: Any) -> Settings:
    return settings_of(tables, source="patrol.toml", folder=tmp_path, environment=environment)


def faults(tmp_path: Path, environment: dict[str, str] | None = None, **tables: Any) -> list[str]:
    with pytest.raises(SettingsFaults) as raised:
        settings(tmp_path, environment, **tables)
    return raised.value.faults


def test_defaults_listen_on_loopback_only_and_hold_no_secret(tmp_path: Path) -> None:
    said = settings(tmp_path)
    assert said.web.host == "127.0.0.1"
    assert said.web.loopback
    assert not said.broker.enabled
    assert [agency.id for agency in said.agencies] == ["node"]
    assert said.store.url == f"sqlite:///{tmp_path}/joint-patrol.db"


def test_the_example_of_the_documentation_is_taken_as_it_stands(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/guides/set-up.md").read_text("utf-8")
    block = page.partition("```toml\n")[2]
    said = settings(tmp_path, **tomllib.loads(block.partition("```")[0]))
    assert [each.name for each in said.channels] == ["pier", "ais", "phones"]
    assert said.backup is not None


def test_every_fault_is_reported_at_once_with_file_table_and_field(tmp_path: Path) -> None:
    texts = faults(
        tmp_path,
        node={"time_zone": "Mars/Base"},
        web={"port": 99_999, "prt": 1},
        channels=[
            {"name": "pier", "url": "tcp://127.0.0.1:1", "protocols": ["nmea0183"]},
            {"name": "boats", "url": "tpc://127.0.0.1:1", "protocols": ["nmea0183"]},
        ],
        radio={},
    )
    places = [fault.split(": ")[0:2] for fault in texts]
    assert all(place[0] == "patrol.toml" for place in places)
    assert {place[1] for place in places} == {
        "node.time_zone",
        "web.port",
        "web.prt",
        "channels[1].url",
        "radio",
    }


def test_a_setting_that_there_is_not_is_reported_with_the_one_that_may_be_meant(
    tmp_path: Path,
) -> None:
    texts = faults(
        tmp_path,
        web={"prt": 1, "zzz": 1},
        chanels=[],
        layers={"add": {"piers": {"file": "a.gpkg", "sorce": "me"}}},
        gateways=[{"id": "gw-1", "keys": "x"}],
    )
    hints = {fault.split(": ")[1]: fault.split(": ")[-1] for fault in texts}
    for place, meant in {
        "web.prt": "port",
        "chanels": "channels",
        "layers.add.piers.sorce": "source",
        "gateways[0].keys": "key",
    }.items():
        assert hints[place] == f"no such setting; did you mean {meant!r}?"
    assert hints["web.zzz"] == "no such setting"


def test_the_environment_wins_over_the_file_and_is_named_in_its_faults(tmp_path: Path) -> None:
    said = settings(tmp_path, {"JOINT_PATROL_WEB__PORT": "8443"}, web={"port": 8080})
    assert said.web.port == 8443
    texts = faults(tmp_path, {"JOINT_PATROL_WEB__PORT": "many"})
    assert texts[0].startswith("JOINT_PATROL_WEB__PORT (environment): ")


def test_another_address_than_loopback_needs_the_names_people_use(tmp_path: Path) -> None:
    assert "allowed_hosts" in faults(tmp_path, web={"host": "0.0.0.0"})[0]
    said = settings(tmp_path, web={"host": "0.0.0.0", "allowed_hosts": ["blo.local"]})
    assert said.web.hosts == ("blo.local",)


def test_certificate_and_key_go_together(tmp_path: Path) -> None:
    assert "go together" in faults(tmp_path, web={"tls_key": "key.pem"})[0]


def test_names_are_used_once(tmp_path: Path) -> None:
    channel = {"name": "pier", "url": "tcp://127.0.0.1:1", "protocols": ["nmea0183"]}
    texts = faults(
        tmp_path,
        channels=[channel, channel],
        agencies=[{"id": "a", "name": "A"}, {"id": "a", "name": "B"}],
    )
    assert len(texts) == 2
    assert "channels[1].name" in texts[0]
    assert "agencies[1].id" in texts[1]


def test_paths_start_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "patrol.toml"
    file.write_text('[store]\nurl = "sqlite:///records.db"\n', encoding="utf-8")
    assert read_settings(file, {}).store.url == f"sqlite:///{tmp_path.resolve()}/records.db"


def test_a_database_on_a_server_has_no_file_and_its_url_is_left_as_it_is(tmp_path: Path) -> None:
    url = "postgresql+psycopg://patrol@db/patrol?passfile=/etc/pgpass"
    said = settings(tmp_path, store={"url": url})
    assert (said.store.url, said.store.file) == (url, None)
    assert settings(tmp_path).store.file == tmp_path / "joint-patrol.db"


def test_without_a_retention_policy_everything_is_stored(tmp_path: Path) -> None:
    assert settings(tmp_path).retention is None
    retention_settings = settings(
        tmp_path, retention={"raw_days": 90, "minute_days": 730}
    ).retention
    assert retention_settings is not None
    policy = retention_settings.policy
    assert policy is not None
    assert [name for name, _, _ in policy.stages()] == ["quarter", "minute"]
    assert policy.around.total_seconds() == 3600


def test_documents_may_be_removed_though_receptions_stay_for_ever(tmp_path: Path) -> None:
    retention_settings = settings(
        tmp_path, retention={"kinds": {"alert_days": 365, "text_days": 90}}
    ).retention
    assert retention_settings is not None
    assert retention_settings.policy is None
    assert retention_settings.kinds is not None
    assert {kind: age.days for kind, age in retention_settings.kinds.policy.documents.items()} == {
        "alert": 365,
        "delivery": 365,
    }
    assert retention_settings.kinds.policy.photos is None


@pytest.mark.parametrize(
    ("table", "word"),
    [
        ({}, "raw_days"),
        ({"raw_days": 30}, "31"),
        ({"kinds": {"incident_days": 1}}, "incident_days"),
        ({"kinds": {}, "minute_days": 365}, "raw_days"),
        ({"raw_days": 90, "minute_days": 90}, "must each be more"),
        ({"raw_days": 90, "minute_days": 365, "quarter_days": 100}, "must each be more"),
        ({"raw_days": 90, "quarter_days": 365}, "quarter_days goes with minute_days"),
        ({"raw_days": 90, "around_minutes": 0}, "around_minutes"),
    ],
)
def test_what_would_take_out_too_much_is_refused(
    tmp_path: Path, table: dict[str, int], word: str
) -> None:
    (fault,) = faults(tmp_path, retention=table)
    assert "retention" in fault
    assert word in fault


@pytest.mark.parametrize(
    ("content", "word"), [(b"[node", "not TOML"), (b"\xff", "not UTF-8"), (None, "cannot be read")]
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: bytes | None, word: str
) -> None:
    file = tmp_path / "patrol.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsFaults, match=word):
        read_settings(file, {})


def test_a_secret_is_in_no_repr(tmp_path: Path) -> None:
    said = settings(
        tmp_path,
        channels=[
            {
                "name": "phones",
                "url": "mqtt://box?topic=owntracks/%23",
                "protocols": ["owntracks"],
                "username": "node",
                "password": "hunter2hunter2",
            }
        ],
    )
    assert "hunter2" not in repr(said)


@pytest.mark.parametrize(
    ("url", "protocols", "place"),
    [
        ("http:", ["owntracks", "position_json"], "protocols"),
        ("http:", ["ais"], "protocols"),
        ("mqtt://embedded?topic=owntracks/%23", ["owntracks", "position_json"], "protocols"),
        ("mqtt://embedded?topic=owntracks/%23", ["position_json"], "url"),
        ("mqtt://embedded?topic=%23", ["owntracks"], "url"),
    ],
)
def test_a_channel_where_a_key_could_speak_for_others_is_refused(
    tmp_path: Path, url: str, protocols: list[str], place: str
) -> None:
    channel = {"name": "phones", "url": url, "protocols": protocols}
    [text] = faults(tmp_path, channels=[channel])
    assert text.startswith(f"patrol.toml: channels[0].{place}: ")


def test_a_channel_with_the_protocol_of_its_topics_is_fine(tmp_path: Path) -> None:
    for url, protocol in (
        ("http:", "owntracks"),
        ("http:", "position_json"),
        ("mqtt://embedded?topic=owntracks/%23", "owntracks"),
        ("mqtt://embedded?topic=joint-patrol/v1/position/%23", "position_json"),
    ):
        channel = {"name": "phones", "url": url, "protocols": [protocol]}
        assert len(settings(tmp_path, channels=[channel]).channels) == 1
