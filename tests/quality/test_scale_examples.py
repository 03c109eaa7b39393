"""The manifests of `examples/scale/` fit together: what they name is there, and their commands are astral's."""

import re
import shlex
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "examples" / "scale"
MANIFESTS = {path.name: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yaml"))}


def pods(manifest):
    """Every pod specification within a manifest."""
    if isinstance(manifest, dict):
        if "containers" in manifest:
            yield manifest
        for value in manifest.values():
            yield from pods(value)
    elif isinstance(manifest, list):
        for value in manifest:
            yield from pods(value)


def commands(manifest):
    told = [manifest["spec"].get("entrypoint", "")]
    told += [line for pod in pods(manifest) for each in pod["containers"] for line in each.get("args", ())]
    return re.findall(r"astral [^;]+", " ; ".join(told))


# Older ones ask for fields that later ones fill in.
KUBERNETES = ("1.30", "1.37")
RUNNING = sorted(name for name, manifest in MANIFESTS.items() if list(pods(manifest)))


def test_there_is_a_job_a_nightly_one_and_one_on_ray():
    assert {MANIFESTS[name]["kind"] for name in RUNNING} == {"Job", "CronJob", "RayJob"}


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", sorted(MANIFESTS))
def test_it_is_valid_by_the_schema_of_kubernetes(name, version):
    manifest = MANIFESTS[name]
    if manifest["kind"] != "RayJob":
        kubernetes_validate.validate(manifest, version, strict=True)
        return
    # KubeRay's own fields have no schema here; the pods that it is to make do.
    for pod in pods(manifest):
        template = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "pod"}, "template": {"spec": pod}}
        kubernetes_validate.validate(template, version, strict=True)


@pytest.mark.parametrize("name", RUNNING)
def test_what_a_pod_refers_to_is_in_the_folder(name):
    there = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in MANIFESTS.values()}
    for pod in pods(MANIFESTS[name]):
        volumes = {volume["name"]: volume for volume in pod.get("volumes", ())}
        for volume in volumes.values():
            if "persistentVolumeClaim" in volume:
                assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in there
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in there
        for container in pod["containers"]:
            assert {mount["name"] for mount in container.get("volumeMounts", ())} <= set(volumes)
            assert {("Secret", source["secretRef"]["name"]) for source in container["envFrom"]} <= there
            assert container["resources"]["limits"]["memory"]
        assert pod["securityContext"]["runAsNonRoot"] is True


@pytest.mark.parametrize("name", RUNNING)
def test_its_commands_are_of_this_astral(name, astral_help):
    assert commands(MANIFESTS[name])
    for command in commands(MANIFESTS[name]):
        words = shlex.split(command.replace("$(date +%Y%m%d)", "1"))
        flags = [word for word in words if word.startswith("--")]
        assert not [flag for flag in flags if flag not in astral_help(words[1])]


@pytest.fixture
def astral_help(capfd):
    from astral.cli import main

    def of(command):
        capfd.readouterr()
        with pytest.raises(SystemExit):
            main([command, "--help"])
        return capfd.readouterr().out

    return of


def test_the_settings_are_read(tmp_path):
    from astral.config import load_settings

    file = tmp_path / "astral.yaml"
    file.write_text(MANIFESTS["settings.yaml"]["data"]["astral.yaml"])
    assert load_settings(file).concurrency == 128
