"""Compose, nginx, Kubernetes, systemd, alerts: they name what there is, agree, and hold by their own tools."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ports import free_port
from shipped import DEPLOY, ROOT, run

from ordain.api.contract.operations import OPERATIONS
from ordain.api.limits import LIMITS
from ordain.api.settings import OTHER_VARIABLES, SETTINGS, Settings

COMPOSE = DEPLOY / "compose/compose.yaml"
NGINX = DEPLOY / "nginx/nginx.conf"
KUBERNETES = DEPLOY / "kubernetes"
UNITS = sorted((DEPLOY / "systemd").iterdir())
STOPPING = LIMITS.stop_seconds + LIMITS.signing_seconds
FROM_FILES = re.compile(r"for name in ([A-Z_ ]+);")


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here, so what it would check is not checked")
    return found


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return loaded


def objects(folder: str) -> Iterator[dict[str, Any]]:
    """The objects of a kustomization, as its files have them."""
    listed = yaml.safe_load((KUBERNETES / folder / "kustomization.yaml").read_text(encoding="utf-8"))
    for name in listed["resources"]:
        if name.endswith(".yaml"):
            yield from yaml.safe_load_all((KUBERNETES / folder / name).read_text(encoding="utf-8"))


def one(kind: str, folder: str = "base") -> Any:
    (found,) = (each for each in objects(folder) if each["kind"] == kind)
    return found


def pod() -> Any:
    return one("Deployment")["spec"]["template"]["spec"]


def user() -> int:
    text = (DEPLOY / "docker/Dockerfile").read_text(encoding="utf-8")
    return int(re.findall(r"^USER (\d+):\d+$", text, re.MULTILINE)[-1])


# --- names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["docker/Dockerfile", "compose/compose.yaml", "kubernetes/base/configmap.yaml"])
def test_each_variable_is_a_setting_of_ours(file: str) -> None:
    text = re.sub(r"^\s*#.*$", "", (DEPLOY / file).read_text(encoding="utf-8"), flags=re.MULTILINE)
    known = {f"ORDAIN_{name.upper()}" for name in SETTINGS} | set(OTHER_VARIABLES)
    assert set(re.findall(r"^\s*(ORDAIN_\w+)[:=]", text, re.MULTILINE)) <= known


def test_each_variable_that_may_be_a_file_is_one_that_is_read() -> None:
    (listed,) = FROM_FILES.findall((DEPLOY / "docker/entrypoint.sh").read_text(encoding="utf-8"))
    names = set(listed.split())
    known = {f"ORDAIN_{name.upper()}" for name in SETTINGS} | set(OTHER_VARIABLES) | {"PGPASSWORD"}
    assert names <= known
    given = {name.removesuffix("_FILE") for name in compose()["services"]["ordain-1"]["environment"] if "_FILE" in name}
    assert given <= names


def test_each_route_that_is_asked_is_one() -> None:
    asked = {part["httpGet"]["path"] for name, part in pod()["containers"][0].items() if name.endswith("Probe")}
    assert asked == {"/healthz", "/readyz"}
    assert asked <= {path for _, path in OPERATIONS}


# --- compose ----------------------------------------------------------------------------------------------------


def test_compose_names_what_is_there_and_starts_in_order() -> None:
    whole = compose()
    services = whole["services"]
    assert {"postgres", "redis", "ordain-1", "ordain-2", "nginx", "init"} == services.keys()
    for service in services.values():
        for volume in service.get("volumes", ()):
            source = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":")[0]
            assert source in whole["volumes"] or (COMPOSE.parent / source).exists(), volume
        assert set(service.get("secrets", ())) <= whole["secrets"].keys()
        for name, condition in service.get("depends_on", {}).items():
            there = services[name]
            healthy = "healthcheck" in there or "build" in there  # an image of ours has its check
            assert condition["condition"] != "service_healthy" or healthy
    build = services["ordain-1"]["build"]
    assert (COMPOSE.parent / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
    assert (ROOT / build["args"]["LOCK"]).is_file()


def test_both_servers_of_compose_have_one_ledger_the_same_keys_and_the_same_anchors() -> None:
    first, second = (compose()["services"][name] for name in ("ordain-1", "ordain-2"))
    for part in ("environment", "volumes", "image", "read_only"):
        assert first[part] == second[part]
    assert first["read_only"] is True
    assert int(first["stop_grace_period"].rstrip("s")) > STOPPING


def test_compose_publishes_nginx_alone_and_holds_no_secret() -> None:
    services = compose()["services"]
    assert {name for name, service in services.items() if "ports" in service} == {"nginx"}
    assert all(port.startswith("127.0.0.1:") for port in services["nginx"]["ports"])
    given = [(name, value) for service in services.values() for name, value in service.get("environment", {}).items()]
    assert [name for name, _ in given if re.search("PASSWORD|KEY", name) and not name.endswith("_FILE")] == []
    assert not re.search(r"://[^/\s]*:[^/\s]*@", COMPOSE.read_text(encoding="utf-8"))


# --- nginx ------------------------------------------------------------------------------------------------------


def test_nginx_knows_the_servers_of_compose_and_the_largest_body() -> None:
    text = NGINX.read_text(encoding="utf-8")
    assert re.findall(r"server (ordain-\d):8080", text) == ["ordain-1", "ordain-2"]
    assert f"client_max_body_size {Settings.__dataclass_fields__['max_body_bytes'].default // 1024}k;" in text


def test_nginx_takes_its_file(tmp_path: Path) -> None:
    nginx = program("nginx")
    text = re.sub(r"ordain-\d:8080", "127.0.0.1:9", NGINX.read_text(encoding="utf-8"))
    text = text.replace("/tmp/", f"{tmp_path}/")  # noqa: S108 - it is moved away from there
    text = text.replace("listen 8080", f"listen {free_port()}")
    (tmp_path / "nginx.conf").write_text(text)
    done = run([nginx, "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")])
    assert done.returncode == 0, done.stderr


# --- Kubernetes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["base", "example", "upgrade"])
def test_each_file_of_a_kustomization_is_in_it(folder: str) -> None:
    listed = yaml.safe_load((KUBERNETES / folder / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    files = {file.name for file in (KUBERNETES / folder).iterdir()} - {"kustomization.yaml"}
    assert {name for name in listed if name.endswith(".yaml")} == files


@pytest.mark.parametrize("spec", [pod(), one("Job", "upgrade")["spec"]["template"]["spec"]], ids=["server", "upgrade"])
def test_a_pod_has_no_rights_and_no_variable_from_a_service(spec: Any) -> None:
    assert spec["enableServiceLinks"] is False, "ORDAIN_PORT=tcp://... of a Service called ordain"
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == user()
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"requests", "limits"} == container["resources"].keys()
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in spec["volumes"]}


def test_an_update_waits_for_a_new_pod_and_lets_an_old_one_finish() -> None:
    assert one("Deployment")["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    waits = int(pod()["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod()["terminationGracePeriodSeconds"] > waits + STOPPING


def test_what_a_pod_reads_is_what_the_other_objects_are_called() -> None:
    (container,) = pod()["containers"]
    assert container["envFrom"] == [{"configMapRef": {"name": one("ConfigMap")["metadata"]["name"]}}]
    keys = {each["valueFrom"]["secretKeyRef"]["key"] for each in container["env"]}
    assert keys == one("Secret", "example")["stringData"].keys()
    claims = {each["metadata"]["name"] for each in objects("base") if each["kind"] == "PersistentVolumeClaim"}
    used = {each["persistentVolumeClaim"]["claimName"] for each in pod()["volumes"] if "persistentVolumeClaim" in each}
    assert used == claims
    assert "/srv/ordain/var/keys" in {mount["mountPath"] for mount in container["volumeMounts"]}
    anchors = one("ConfigMap")["data"]["ORDAIN_ANCHORS"].split(",")
    assert set(anchors) <= {mount["mountPath"] for mount in container["volumeMounts"]}
    assert one("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == one("Deployment")["metadata"]["name"]


@pytest.mark.parametrize("folder", ["base", "example", "upgrade"])
def test_kustomize_makes_objects_that_hold_by_kubernetes_own_schemas(folder: str) -> None:
    kubectl = program("kubectl")
    done = run([kubectl, "kustomize", str(KUBERNETES / folder)])
    assert done.returncode == 0, done.stderr
    made = list(yaml.safe_load_all(done.stdout))
    assert made
    if importlib.util.find_spec("kubernetes_validate") is None:
        pytest.skip("no kubernetes-validate here: kustomize made the objects, their schemas were not asked")
    import kubernetes_validate

    for each in made:
        kubernetes_validate.validate(each, kubernetes_validate.latest_version(), strict=True)


# --- systemd and alerts -----------------------------------------------------------------------------------------


def test_systemd_takes_the_units_and_finds_the_server_well_shut_in(tmp_path: Path) -> None:
    analyze = program("systemd-analyze")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/ordain/bin/ordain", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    made = [str(tmp_path / unit.name) for unit in UNITS]
    done = run([analyze, "verify", *made])
    assert (done.returncode, done.stderr) == (0, "")
    done = run(
        [analyze, "security", "--offline=yes", "--threshold=20", str(tmp_path / "ordain.service")],
    )
    assert done.returncode == 0, done.stdout[-500:]


def test_the_unit_lets_the_server_finish_and_reload() -> None:
    text = (DEPLOY / "systemd/ordain.service").read_text(encoding="utf-8")
    assert int(re.findall(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)[0]) > STOPPING
    assert "ExecReload=/bin/kill -HUP $MAINPID" in text
    assert "RestartPreventExitStatus=2\n" in text


def test_prometheus_takes_the_alerts() -> None:
    promtool = program("promtool")
    done = run([promtool, "check", "rules", str(DEPLOY / "prometheus/alerts.yaml")])
    assert done.returncode == 0, done.stdout + done.stderr
