"""The Helm chart: linted, rendered, held against the schemas of several versions of Kubernetes."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import certifi
import jsonschema_rs
import pytest
import yaml

import gateway
from gateway.config import load_config
from gateway.serve.request.paths import ENDPOINTS, INDEX, NATIVE, PARTIAL, SERVED_VERSIONS, SITES
from tests.deploy.tools import CHART, TOOLS, run

VERSIONS = ("1.27", "1.30", "1.34", "1.37")
SAMPLES = ("default", *sorted(path.stem for path in (CHART / "ci").glob("*.yaml")))
OF_OTHERS = {"ServiceMonitor", "PrometheusRule", "HTTPRoute"}
"""Kinds that are not in Kubernetes itself."""
PRIVATE = {"health", "live", "ready", "metrics"}


def values_of(sample: str) -> list[str | Path]:
    return [] if sample == "default" else ["--values", CHART / "ci" / f"{sample}.yaml"]


@cache
def rendered(sample: str, version: str = VERSIONS[-1]) -> tuple[Any, ...]:
    """The objects of the chart."""
    reported = run(
        "helm", "template", "web", CHART, "--namespace=web", f"--kube-version={version}",
        *values_of(sample),
    )  # fmt: skip
    return tuple(one for one in yaml.safe_load_all(reported) if one)


def one(sample: str, kind: str, *, name: str = "web-nomad-optimade-gateway") -> Any:
    """The one object of that kind and name."""
    (found,) = [
        one for one in rendered(sample) if (one["kind"], one["metadata"]["name"]) == (kind, name)
    ]
    return found


@pytest.mark.parametrize("sample", SAMPLES)
def test_lint(sample: str) -> None:
    """Helm has nothing to say against the chart."""
    run("helm", "lint", "--strict", CHART, *values_of(sample))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_schema(sample: str, version: str) -> None:
    """Each object is what that version of Kubernetes takes, without a key that it does not know."""
    for found in rendered(sample, version):
        if found["kind"] in OF_OTHERS:
            continue
        group, _, of_version = found["apiVersion"].rpartition("/")
        kind = f"{found['kind']}{'-' + group.split('.')[0] if group else ''}-{of_version}".lower()
        errors = [
            f"{one.instance_path}: {one.message}"
            for one in validator(version, kind).iter_errors(found)
        ]
        assert not errors, (found["kind"], errors)


@cache
def validator(version: str, kind: str) -> Any:
    folder = TOOLS / "kubernetes_validate/kubernetes-json-schema" / f"v{version}.0-local-strict"
    if not folder.is_dir():
        pytest.skip("needs the schemas of Kubernetes (.ci/deploy-tools fetches them)")
    schema = json.loads((folder / f"{kind}.json").read_text("utf-8"))
    schema["$id"] = f"file:///{kind}.json"
    definitions = json.loads((folder / "_definitions.json").read_text("utf-8"))
    registry = jsonschema_rs.Registry([("file:///api/_definitions.json", definitions)])
    return jsonschema_rs.validator_for(schema, registry=registry)


def test_schema_tells_wrong_from_right() -> None:
    """The schemas do refuse what is wrong."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    check = validator(VERSIONS[0], "service-v1")
    assert check.is_valid({**service, "spec": {"ports": [{"port": 80}]}})
    assert not check.is_valid({**service, "spec": {"ports": [{"port": "eighty"}]}})
    assert not check.is_valid({**service, "spec": {"port": 80}})


@pytest.mark.parametrize(
    ("sample", "drain_s", "backend"),
    [("default", 10, "memory"), ("full", 15, "redis"), ("external-cache", 10, "redis")],
)
def test_configuration(
    sample: str, drain_s: int, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway reads the configuration that the chart writes, large numbers too."""
    path = tmp_path / "gateway.yaml"
    text = one(sample, "ConfigMap")["data"]["gateway.yaml"]
    path.write_text(text.replace("/run/gateway", str(tmp_path)), "utf-8")
    for name, content in (
        ("tokens/berlin", "secret"),
        ("ca/berlin.pem", Path(certifi.where()).read_text("utf-8")),
    ):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(content, "utf-8")
    monkeypatch.setenv("MUNICH_TOKEN", "secret")
    if sample == "external-cache":
        monkeypatch.setenv("GATEWAY_CACHE__URL", "redis://cache:6379/0")
    config = load_config(path)
    assert (config.server.drain_s, config.cache.backend) == (drain_s, backend)
    assert config.logging.as_json
    if sample == "full":
        assert config.cache.max_bytes == 67108864
        service = one(sample, "Service", name="web-nomad-optimade-gateway-valkey")
        assert config.cache.url == f"redis://{service['metadata']['name']}:6379/0"


@pytest.mark.parametrize("sample", SAMPLES)
def test_end_of_a_pod(sample: str) -> None:
    """A pod is given longer to end than it takes at most."""
    pod = one(sample, "Deployment")["spec"]["template"]["spec"]
    config = json.loads(one(sample, "ConfigMap")["data"]["gateway.yaml"])
    budget_s = config.get("timeouts", {}).get("budget_s", 4)
    longest_s = config["server"]["drain_s"] + budget_s + 2
    assert pod["terminationGracePeriodSeconds"] > longest_s


@pytest.mark.parametrize("sample", SAMPLES)
def test_contained(sample: str) -> None:
    """No container is root, can write to its image, has capabilities or an unbounded memory."""
    for found in rendered(sample):
        if found["kind"] not in ("Deployment", "Pod"):
            continue
        pod = found["spec"] if found["kind"] == "Pod" else found["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["resources"]["limits"]["memory"]
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def test_probes() -> None:
    """It is restarted by /live and taken out by /ready: a site that is down restarts nothing."""
    (container,) = one("default", "Deployment")["spec"]["template"]["spec"]["containers"]
    asked = {
        kind: container[f"{kind}Probe"]["httpGet"]["path"]
        for kind in ("startup", "liveness", "readiness")
    }
    assert asked == {"startup": "/live", "liveness": "/live", "readiness": "/ready"}


def test_secrets() -> None:
    """Tokens come from secrets, as files and as variables; the cache's address from one, too."""
    (container,) = one("full", "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["envFrom"] == [{"secretRef": {"name": "site-environment"}}]
    places = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert places["tokens"] == "/run/gateway/tokens"
    address = container["env"][-1]
    assert address["name"] == "GATEWAY_CACHE__URL"
    assert address["valueFrom"]["secretKeyRef"] == {"name": "valkey", "key": "url"}
    assert not any("subPath" in mount for mount in container["volumeMounts"])


def public_paths(base: str) -> set[str]:
    """What clients may ask for by the Ingress, and by the HTTPRoute."""
    (rule,) = one("full", "Ingress")["spec"]["rules"]
    by_ingress = {place["path"] for place in rule["http"]["paths"]}
    rules = one("full", "HTTPRoute")["spec"]["rules"]
    assert all(len(rule["matches"]) <= 8 for rule in rules)
    assert by_ingress == {match["path"]["value"] for rule in rules for match in rule["matches"]}
    return {path.removeprefix(base) for path in by_ingress}


def test_ways_in() -> None:
    """Clients reach every endpoint but those that show details of the sites and of the process."""
    known = {*ENDPOINTS, *SERVED_VERSIONS, SITES, INDEX, PARTIAL, NATIVE.split("/")[1]}
    assert public_paths("/optimade") == {"", "/"} | {f"/{one}" for one in known - PRIVATE - {""}}


def test_autoscaling() -> None:
    """The number of pods follows the requests under way; the chart itself then says none."""
    metrics = one("full", "HorizontalPodAutoscaler")["spec"]["metrics"]
    assert metrics[0]["pods"]["metric"]["name"] == "gateway_requests_under_way"
    assert "replicas" not in one("full", "Deployment")["spec"]
    assert one("default", "Deployment")["spec"]["replicas"] == 2


def test_rules() -> None:
    """The alerts of the PrometheusRule are those that promtool tests."""
    groups = yaml.safe_load((CHART / "files/alerts.yaml").read_text("utf-8"))
    assert one("full", "PrometheusRule")["spec"] == groups
    dashboard = one("full", "ConfigMap", name="web-nomad-optimade-gateway-dashboard")["data"]
    (text,) = dashboard.values()
    assert json.loads(text) == json.loads((CHART / "files/dashboard.json").read_text("utf-8"))


def test_version() -> None:
    """The chart is of this version of the gateway."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert chart["version"] == chart["appVersion"] == gateway.__version__
