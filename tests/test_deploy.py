"""What is in deploy/: checked by the programs that read it, and held to what footy really exports."""

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import urllib.error
import urllib.request
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from footy.settings import secret_files, variables
from tests.support.place import PROJECT, SECRET, Place, wait_until
from tests.support.ports import free_port
from tests.support.simulators import start
from tests.support.tools import tool

DEPLOY = PROJECT / "deploy"
UNIT = DEPLOY / "footy.service"
PROMETHEUS = DEPLOY / "prometheus"
GRAFANA = DEPLOY / "grafana"
DASHBOARD = GRAFANA / "dashboards" / "footy.json"
DEBIAN_PROMETHEUS = "Debian's package prometheus"
MOST_EXPOSED = 1.5
SELECTOR = re.compile(r"\b((?:footy|process)_\w+|up)\b(\{[^}]*\})?")


def run(*words: str | Path, cwd: Path | None = None, said: bytes | None = None) -> str:
    """Run a program that must succeed; return what it printed."""
    ran = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        input=said,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=60,
    )
    output = ran.stdout.decode()
    assert ran.returncode == 0, output
    return output


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


# --- systemd


def test_the_unit_is_valid_and_hardened(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze", comes_with="systemd")
    unit = tmp_path / UNIT.name
    # The program's path does not exist here.
    unit.write_text(UNIT.read_text().replace("/opt/footy/.venv/bin/python", "/usr/bin/env"))

    assert run(analyze, "verify", "--man=no", unit) == ""

    said = run(analyze, "security", "--offline=true", "--no-pager", UNIT)
    [exposure] = re.findall(r"Overall exposure level for footy\.service: ([\d.]+)", said)
    assert float(exposure) <= MOST_EXPOSED


def test_the_unit_waits_for_ready_and_gives_every_secret_as_a_credential() -> None:
    lines = UNIT.read_text().splitlines()

    assert "Type=notify" in lines
    assert "LoadCredential=THESPORTS_SECRET:/etc/footy/THESPORTS_SECRET" in lines
    assert not [line for line in lines if line.startswith("Environment=") and "SECRET" in line]


# --- the image


def test_hadolint_finds_nothing_in_the_image() -> None:
    hadolint = tool("hadolint", comes_with="requirements-test.txt")

    assert run(hadolint, "--failure-threshold", "style", DEPLOY / "Dockerfile") == ""


def test_the_build_is_sent_what_it_copies_and_no_more() -> None:
    copied = {
        name
        for line in (DEPLOY / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY") and "--from" not in line
        for name in line.split()[1:-1]
    }
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()

    assert ignored[0] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == {
        name.removeprefix("./") for name in copied
    }


def test_the_image_with_a_store_is_installed_from_what_it_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run the build's commands as Compose gives them, offline: with the packages that the tests have."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    lines = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    [build] = [line for line in lines if line.startswith("RUN python -m venv")]
    requirements = read_yaml(DEPLOY / "compose-ha.yaml")["services"]["footy-a"]["build"]["args"][
        "REQUIREMENTS"
    ]
    environment, source = tmp_path / "footy", tmp_path / "src"
    source.mkdir()
    for line in lines:
        if line.startswith("COPY") and "--from" not in line:
            for name in line.split()[1:-1]:
                copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
                copy(PROJECT / name, source / name)
    made, *installed = build.removeprefix("RUN ").replace("/opt/footy", str(environment)).split("&&")
    run(sys.executable, *made.split()[1:], "--without-pip")
    [packages] = environment.glob("lib/python*/site-packages")
    (packages / "of_the_tests.pth").write_text(sysconfig.get_path("purelib"))
    for command in installed:
        words = command.replace("${REQUIREMENTS}", requirements).split()
        offline = ["--no-index", "--no-build-isolation", "--disable-pip-version-check"]
        run(*words[: words.index("install") + 1], *offline, *words[words.index("install") + 1 :], cwd=source)

    said = run(
        environment / "bin" / "python", "-c", "import footy, psycopg; print(footy.__file__)", cwd=tmp_path
    )
    assert Path(said.strip()).is_relative_to(environment)
    assert "psycopg" in (source / requirements).read_text()
    assert run(environment / "bin" / "footy", "--version", cwd=tmp_path)


# --- Compose


def test_compose_has_secrets_in_files_alone_and_serves_this_machine_alone() -> None:
    compose = read_yaml(DEPLOY / "compose.yaml")
    services = compose["services"]
    ignored = (PROJECT / ".gitignore").read_text().splitlines()

    assert set(services) == {"footy", "prometheus", "grafana"}
    for name, service in services.items():
        environment = service.get("environment", {})
        literal = [key for key in environment if re.search("SECRET|TOKEN|PASSWORD", key)]
        assert all(str(environment[key]).startswith("/run/secrets/") for key in literal), name
        assert {Path(environment[key]).name for key in literal} <= set(service["secrets"])
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
    assert "GF_SECURITY_ADMIN_PASSWORD__FILE" in services["grafana"]["environment"]
    assert {Path(one["file"]).parent for one in compose["secrets"].values()} == {Path("secrets")}
    assert "deploy/secrets/" in ignored


def test_compose_with_a_standby_has_two_alike_and_a_reader_without_published_secrets() -> None:
    services = read_yaml(DEPLOY / "compose-ha.yaml")["services"]

    assert set(services) == {"footy-a", "footy-b", "reader", "postgres"}
    one, other = ({**services[name], "volumes": []} for name in ("footy-a", "footy-b"))
    assert one == other
    assert services["footy-a"]["volumes"] != services["footy-b"]["volumes"]
    assert services["reader"]["command"] == ["serve"]
    for name, service in services.items():
        environment = service["environment"]
        literal = [key for key in environment if re.search("SECRET|TOKEN|PASSWORD|STORE", key)]
        assert all(str(environment[key]).startswith("/run/secrets/") for key in literal), name
        assert {Path(environment[key]).name for key in literal} <= set(service["secrets"])
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
        assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", ["compose.yaml", "compose-ha.yaml"])
def test_what_compose_sets_are_settings(name: str) -> None:
    named = set(re.findall(r"\b(?:FOOTY|THESPORTS)_[A-Z_]+\b", (DEPLOY / name).read_text()))

    assert named <= {*variables(), *secret_files()}


def test_compose_mounts_what_is_there() -> None:
    for service in read_yaml(DEPLOY / "compose.yaml")["services"].values():
        for volume in service["volumes"]:
            assert not volume.startswith(".") or (DEPLOY / volume.split(":")[0]).is_dir(), volume


# --- alerts


def alerts() -> list[dict[str, Any]]:
    [group] = read_yaml(PROMETHEUS / "alerts.yml")["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def test_the_alert_rules_are_valid_and_each_fires_and_clears() -> None:
    promtool = tool("promtool", comes_with=DEBIAN_PROMETHEUS)
    tests = sorted(PROMETHEUS.glob("*_test.yml"))

    run(promtool, "check", "rules", "--lint-fatal", PROMETHEUS / "alerts.yml")
    assert run(promtool, "test", "rules", *tests).count("SUCCESS") == len(tests)
    expected: dict[str, list[bool]] = {}
    for path in tests:
        for test in read_yaml(path)["tests"]:
            for one in test["alert_rule_test"]:
                expected.setdefault(one["alertname"], []).append(bool(one["exp_alerts"]))
    for alert in alerts():
        changes = [fires for fires, _ in groupby(expected[alert["alert"]])]
        assert changes[:3] == [False, True, False], alert["alert"]


# --- what a running service exports


class Exported:
    """A service that serves its metrics to whoever has the token."""

    def __init__(self, place: Place, port: int) -> None:
        self.files = place.files
        self.port = port

    def metrics(self) -> bytes:
        """Ask for the metrics."""
        address = f"http://127.0.0.1:{self.port}/metrics"
        asked = urllib.request.Request(address, headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(asked, timeout=5) as answer:
            content: bytes = answer.read()
            return content


TOKEN = "a-token-of-thirty-two-characters"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exported]:
    """A live service with a sink, some of whose calls have failed."""
    folder = tmp_path_factory.mktemp("exported")
    (folder / "token").write_text(f"{TOKEN}\n")
    port = free_port()
    with (
        start(matches=10, odds="light", secret=SECRET, faults=["http500x2@team/additional/list"]) as vendor,
        Place(folder, FOOTY_INTERVAL=2, FOOTY_BACKOFF=0, FOOTY_JSONL="on", FOOTY_HTTP_PORT=port) as place,
    ):
        place.set(FOOTY_HTTP_TOKEN_FILE=folder / "token")
        place.set(FOOTY_PUSH="on", FOOTY_PUSH_URL=f"ws://127.0.0.1:{free_port()}/mqtt")
        place.ask(vendor)
        place.begin_service()
        yield Exported(place, port)


def test_metrics_are_for_whoever_has_the_token(exported: Exported) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"http://127.0.0.1:{exported.port}/metrics", timeout=5)

    assert b"footy_build_info" in exported.metrics()


def test_promtool_finds_nothing_wrong_with_the_metrics(exported: Exported) -> None:
    promtool = tool("promtool", comes_with=DEBIAN_PROMETHEUS)

    assert run(promtool, "check", "metrics", said=exported.metrics()) == ""


def test_no_label_holds_an_id_an_address_or_the_secret(exported: Exported) -> None:
    exposition = exported.metrics().decode()
    snapshot = json.loads(exported.files.matches.read_bytes())
    ids = {
        str(value) for match in snapshot["matches"] for name, value in match.items() if name.endswith("_id")
    }

    values = set(re.findall(r'="([^"]*)"', exposition))
    assert len(values) > 30
    assert values & ids == set()
    assert [value for value in values if "://" in value or "127.0.0.1" in value] == []
    assert SECRET not in exposition
    assert TOKEN not in exposition


class Prometheus:
    """A real Prometheus with the configuration of deploy/, which scrapes an exported service."""

    def __init__(self, folder: Path, exported: Exported) -> None:
        program = tool("prometheus", comes_with=DEBIAN_PROMETHEUS)
        (folder / "token").write_text(f"{TOKEN}\n")
        (folder / "alerts.yml").write_text((PROMETHEUS / "alerts.yml").read_text())
        config = (PROMETHEUS / "prometheus.yml").read_text()
        for here, there in (
            ("footy:8099", f"127.0.0.1:{exported.port}"),
            ("/run/secrets/footy_http_token", str(folder / "token")),
            ("15s", "1s"),
        ):
            assert here in config
            config = config.replace(here, there)
        (folder / "prometheus.yml").write_text(config)
        self.port = free_port()
        words = [program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [*words, f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log
            )

    def ask(self, path: str) -> Any:
        """Return the data of an answer of its API; None while there is none."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}", timeout=5) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def series(self, selector: str) -> list[Any]:
        found = self.ask(f"query?query={quote(selector)}") or {}
        result: list[Any] = found.get("result", [])
        return result

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory, exported: Exported) -> Iterator[Prometheus]:
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), exported)
    yield prometheus
    prometheus.close()


def dashboard_queries() -> Iterator[str]:
    """Yield what the dashboard asks for, of all instances."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    yield from (query.replace("$instance", ".*").replace("[5m]", "") for query in queries)
    yield from (
        re.findall(r"label_values\((.*), \w+\)", one["query"])[0] for one in dashboard["templating"]["list"]
    )


def selectors() -> set[str]:
    """Return every selector of the dashboard and of the alert rules."""
    queries = [*dashboard_queries(), *(alert["expr"] for alert in alerts())]
    return {"".join(found) for query in queries for found in SELECTOR.findall(query)}


def test_a_real_prometheus_scrapes_the_service_and_finds_every_selector(prometheus: Prometheus) -> None:
    assert len(selectors()) > 25
    wait_until(lambda: prometheus.series("footy_last_success_timestamp_seconds"))
    wait_until(lambda: prometheus.series("footy_sink_lag_events"))

    assert [selector for selector in sorted(selectors()) if not prometheus.series(selector)] == []
    [target] = prometheus.ask("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    [group] = prometheus.ask("rules")["groups"]
    assert {rule["name"] for rule in group["rules"]} == {alert["alert"] for alert in alerts()}
    wait_until(lambda: all(rule["health"] == "ok" for rule in prometheus.ask("rules")["groups"][0]["rules"]))


# --- Grafana


def test_the_dashboard_asks_the_data_source_that_is_provisioned() -> None:
    [source] = read_yaml(GRAFANA / "provisioning" / "datasources" / "prometheus.yaml")["datasources"]
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))

    used = {panel["datasource"]["uid"] for panel in dashboard["panels"]}
    used |= {target["datasource"]["uid"] for panel in dashboard["panels"] for target in panel["targets"]}
    assert used == {source["uid"]}
    assert source["url"] == "http://prometheus:9090"
    assert source["jsonData"]["manageAlerts"]


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_the_dashboard_is_where_compose_puts_it() -> None:
    grafana = read_yaml(DEPLOY / "compose.yaml")["services"]["grafana"]
    [provider] = read_yaml(GRAFANA / "provisioning" / "dashboards" / "footy.yaml")["providers"]

    folder = provider["options"]["path"]
    assert f"./grafana/dashboards:{folder}:ro" in grafana["volumes"]
    assert grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == f"{folder}/{DASHBOARD.name}"
