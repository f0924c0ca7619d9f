"""What ships for Prometheus and Grafana asks for what a node tells, in PromQL that is taken."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from maps.cluster import web_link
from maps.node.backups import Backups
from maps.node.health.live_metrics import live_metrics
from maps.node.health.store_metrics import store_metrics
from maps.notifications.deliveries import RuleHealth
from maps.notifications.metrics import delivery_metrics
from maps.settings.settings import read_settings
from patrol.alarms.disk_room import DiskRoom
from patrol.live.lag import LagHistogram
from radio_gateway.health.metrics import metrics_text
from tests.radio_gateway.health.test_metrics import GATEWAY, NOW, PIER

DEPLOY = Path(__file__).parent.parent / "deploy"
RULES = DEPLOY / "prometheus" / "rules.yml"


def told(folder: Path) -> set[str]:
    """Return the names of all samples that a node tells."""
    config = folder / "patrol.toml"
    config.write_text('[backup]\nfolder = "backups"\n', encoding="utf-8")
    room = DiskRoom(free_bytes=1, total_bytes=2, store_bytes=1, days_left=3.0)
    rule = RuleHealth(rule="duty", agency="hx", way="mail", settled={"sent": 1}, failing=("a",))
    texts = (
        metrics_text([PIER], gateways=[GATEWAY], own="hx", inbox=1, now=NOW),
        store_metrics(True, room, Backups(read_settings(config))),
        live_metrics(1, LagHistogram()),
        delivery_metrics([rule]),
    )
    families = (
        family for text in texts for family in text_string_to_metric_families(text.decode())
    )
    names = {sample.name for family in families for sample in family.samples}
    source = Path(web_link.__file__).read_text(encoding="utf-8")
    return names | {
        f"joint_patrol_web_{name}" for name in re.findall(r'^ +\("(\w+)"', source, re.MULTILINE)
    }


def rules() -> list[str]:
    groups = importlib.import_module("yaml").safe_load(RULES.read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def panels() -> list[str]:
    dashboard = json.loads((DEPLOY / "grafana" / "joint-patrol.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


@pytest.mark.parametrize("queries", [rules, panels])
def test_dashboards_and_alarms_query_only_exported_metrics(queries: object, tmp_path: Path) -> None:
    answer = queries()  # type: ignore[operator]
    assert len(answer) > 10
    names = {
        name
        for each in answer
        for name in re.findall(r"\b(?:joint_patrol|radio_gateway)_\w+", each)
    }
    assert names - told(tmp_path) == set()


def test_prometheus_takes_rules_and_queries(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on this machine (apt-get install prometheus)")
    path = tmp_path / "panels.yml"
    made = [{"record": f"panel:{i}", "expr": each} for i, each in enumerate(panels())]
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": made}]}))
    for command in (
        ["rules", str(RULES), str(path)],
        ["config", "--syntax-only", str(RULES.with_name("prometheus.yml"))],
    ):
        done = subprocess.run(
            [promtool, "check", *command], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
