"""``kubernetes/``: as Kubernetes has it, and every name in it leads somewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from appliance.config import SiteSettings
from appliance.site_file import load_site
from tests.docker.files import DOCKER, loaded

FOLDER = DOCKER.parent / "kubernetes"
BASE = FOLDER / "base"
VERSIONS = ("1.30", "1.37")


def yaml_of(path: Path) -> Any:
    """What is in it."""
    return YAML(typ="safe").load(path)


def pod() -> dict[str, Any]:
    """What the set's pods are."""
    found: dict[str, Any] = yaml_of(BASE / "statefulset.yaml")["spec"]["template"]["spec"]
    return found


def container() -> dict[str, Any]:
    """The only one."""
    [one] = pod()["containers"]
    assert isinstance(one, dict)
    return one


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["statefulset.yaml", "service.yaml"])
def test_it_is_as_kubernetes_wants_it(name: str, version: str) -> None:
    schemas = pytest.importorskip("kubernetes_validate", reason="the schemas of Kubernetes are needed")
    schemas.validate(yaml_of(BASE / name), version, strict=True)
    broken = yaml_of(BASE / name)
    broken["spec"]["replicsa"] = 2
    with pytest.raises(schemas.ValidationError):
        schemas.validate(broken, version, strict=True)


def test_the_overlay_changes_what_is_there() -> None:
    overlay, base = yaml_of(FOLDER / "gpu" / "kustomization.yaml"), yaml_of(BASE / "kustomization.yaml")
    assert [(FOLDER / "gpu" / place).resolve() for place in overlay["resources"]] == [BASE]
    assert [image["name"] for image in overlay["images"]] == [image["name"] for image in base["images"]] == [container()["image"]]
    [patch] = [yaml_of(FOLDER / "gpu" / each["path"]) for each in overlay["patches"]]
    whole = yaml_of(BASE / "statefulset.yaml")
    assert (patch["kind"], patch["metadata"]["name"]) == (whole["kind"], whole["metadata"]["name"])
    [patched] = patch["spec"]["template"]["spec"]["containers"]
    assert patched["name"] == container()["name"]
    assert patched["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert {f"appliance:{overlay['images'][0]['newTag']}", f"appliance:{base['images'][0]['newTag']}"} == {
        loaded(name)["services"]["appliance"]["image"] for name in ("compose.yaml", "compose.gpu.yaml")
    }


def test_every_name_leads_somewhere() -> None:
    kustomization = yaml_of(BASE / "kustomization.yaml")
    assert all((BASE / name).is_file() for name in kustomization["resources"])
    [site], [logins] = kustomization["configMapGenerator"], kustomization["secretGenerator"]
    assert all((BASE / name).is_file() for name in (*site["files"], *logins["envs"]))
    volumes = {volume["name"]: volume for volume in pod()["volumes"]}
    assert volumes["site"]["configMap"]["name"] == site["name"]
    assert container()["envFrom"] == [{"secretRef": {"name": logins["name"]}}]
    claims = {claim["metadata"]["name"] for claim in yaml_of(BASE / "statefulset.yaml")["spec"]["volumeClaimTemplates"]}
    assert {mount["name"] for mount in container()["volumeMounts"]} == volumes.keys() | claims
    service, whole = yaml_of(BASE / "service.yaml"), yaml_of(BASE / "statefulset.yaml")
    assert service["metadata"]["name"] == whole["spec"]["serviceName"]
    labels = whole["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == whole["spec"]["selector"]["matchLabels"] == labels
    assert [port["targetPort"] for port in service["spec"]["ports"]] == [port["name"] for port in container()["ports"]]


def test_its_site_is_one_that_lies_where_it_may_write() -> None:
    site = load_site(BASE / "site.yaml")
    assert isinstance(site, SiteSettings)
    mounts = {mount["name"]: mount["mountPath"] for mount in container()["volumeMounts"]}
    assert (str(site.data_dir), str(site.shm_dir)) == (mounts["data"], mounts["shm"])
    assert [port["containerPort"] for port in container()["ports"]] == [site.control.port]


def test_what_asks_how_it_is_is_what_the_image_asks() -> None:
    commands = {name: " ".join(container()[f"{name}Probe"]["exec"]["command"]) for name in ("startup", "readiness", "liveness")}
    ready = "python -m appliance.readiness"
    assert commands == {"startup": ready, "readiness": ready, "liveness": f"{ready} alive"}
    words = str(ready.split()).replace("'", '"')
    assert all(f"CMD {words}\n" in (DOCKER / name).read_text() for name in ("Dockerfile", "Dockerfile.cpu"))


def test_it_may_do_no_more_than_it_must() -> None:
    rights = container()["securityContext"]
    assert (rights["allowPrivilegeEscalation"], rights["readOnlyRootFilesystem"]) == (False, True)
    assert rights["capabilities"] == {"drop": ["ALL"]}
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["automountServiceAccountToken"] is False
