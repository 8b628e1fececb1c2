"""Compose files, those in the guide among them, and the template for Unraid."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from PIL import Image

from manifests import ROOT, dockerfile, image_variables, targets
from unstill.serving.run import FAREWELL_S
from unstill.settings import PREFIX, Settings
from unstill.settings.fields import PORT

GUIDE = ROOT / "docs/deploy.md"
TEMPLATE = ROOT / "deploy/unraid/unstill.xml"
IMAGE = "ghcr.io/unstill/unstill"
RAW = "https://raw.githubusercontent.com/unstill/unstill/main/"
NOT_SETTINGS = {"PUID", "PGID"}
"""Variables that the container's entry reads."""
ENDS_S = Settings.model_fields["grace_s"].default + FAREWELL_S
FIELDS = {
    "Name", "Repository", "Registry", "Network", "MyIP", "MyMAC", "Shell", "Privileged", "Support", "Project",
    "ReadMe", "Overview", "Category", "WebUI", "TemplateURL", "Icon", "ExtraParams", "PostArgs", "CPUset",
    "DateInstalled", "DonateText", "DonateLink", "Requires", "Config",
}  # fmt: skip
"""What Unraid 7's own Docker manager reads (`xmlToVar` in its webgui)."""
CONFIG = {"Name", "Target", "Default", "Mode", "Description", "Type", "Display", "Required", "Mask"}
MODES = {"Port": {"tcp", "udp"}, "Path": {"rw", "ro", "rw,slave", "ro,slave", "rw,shared", "ro,shared"},
         "Variable": {""}, "Label": {""}, "Device": {""}}  # fmt: skip


def known(variables: set[str]) -> bool:
    return variables <= {f"{PREFIX}{name}".upper() for name in Settings.model_fields} | NOT_SETTINGS


# --- compose


def compose_check(path: Path) -> int:
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)],
        capture_output=True, check=False,
    ).returncode  # fmt: skip


def composed() -> dict[str, str]:
    """Every compose file, by where it stands."""
    files = {path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("compose*.yaml")}
    blocks = re.findall(r"(?s)```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"))
    return files | {f"guide {n}": text for n, text in enumerate(blocks) if re.search(r"(?m)^services:", text)}


@pytest.mark.parametrize("name", composed())
def test_compose_files_fit_the_schema_and_the_image(tmp_path: Path, name: str) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(composed()[name], encoding="utf-8")
    assert compose_check(path) == 0
    service: dict[str, Any] = yaml.safe_load(composed()[name])["services"]["unstill"]
    assert service["image"].rsplit(":", 1)[0] in (IMAGE, "unstill")
    assert service["image"].rsplit(":", 1)[1] in targets()
    assert service.get("build", {}).get("target", "cpu") in targets()
    assert all(port.rsplit(":", 1)[1] == str(PORT) for port in service.get("ports", []))
    assert {v.rsplit(":", 1)[1] for v in service.get("volumes", [])} <= set(dockerfile("VOLUME"))
    assert known(set(service.get("environment", {})))
    if "ports" in service:  # no mere addition to another file
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert float(service["stop_grace_period"].removesuffix("s")) > ENDS_S


def test_a_compose_file_with_a_misspelled_word_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text((ROOT / "compose.yaml").read_text(encoding="utf-8").replace("restart:", "restarts:"))
    assert compose_check(path) == 1


# --- Unraid


def faults(text: str) -> list[str]:
    """What Unraid's Docker manager would not read as it is meant."""
    container = ElementTree.fromstring(text)
    found = [f"root: {container.tag} {container.attrib}"] if container.attrib != {"version": "2"} else []
    found += [f"unknown: {child.tag}" for child in container if child.tag not in FIELDS]
    names = [child.tag for child in container if child.tag != "Config"]
    found += [f"twice: {name}" for name in set(names) if names.count(name) > 1]
    for config in container.iter("Config"):
        said = config.attrib
        if said.keys() != CONFIG:
            found.append(f"attributes: {sorted(said.keys() ^ CONFIG)}")
            continue
        if said["Mode"] not in MODES.get(said["Type"], set()):
            found.append(f"mode: {said['Type']} {said['Mode']}")
        if said["Display"] not in ("always", "advanced", "always-hide", "advanced-hide"):
            found.append(f"display: {said['Display']}")
        if {said["Required"], said["Mask"]} - {"true", "false"}:
            found.append(f"required, mask: {said['Required']}, {said['Mask']}")
        choices = said["Default"].split("|")
        if len(choices) > 1 and (config.text or "") not in choices:
            found.append(f"none of the choices: {config.text}")
        if said["Required"] == "true" and not config.text:
            found.append(f"empty: {said['Name']}")
    return found


def template() -> ElementTree.Element:
    return ElementTree.fromstring(TEMPLATE.read_text(encoding="utf-8"))


def test_the_template_is_read_as_it_is_meant() -> None:
    """And broken ones are told."""
    text = TEMPLATE.read_text(encoding="utf-8")
    assert faults(text) == []
    assert faults(text.replace("<Repository>", "<Repo>").replace("</Repository>", "</Repo>")) == [
        "unknown: Repo"
    ]
    assert faults(text.replace('Mode="tcp"', 'Mode="http"')) == ["mode: Port http"]
    assert faults(text.replace(' Mask="true"', "")) == ["attributes: ['Mask']"]
    assert faults(text.replace(">true</Config>", ">yes</Config>")) == ["none of the choices: yes"]


def test_the_template_fits_the_image() -> None:
    """Port, folder, variables, the picture, and rights that suffice to become PUID:PGID and no more."""
    found = template()
    kinds: dict[str, dict[str, str]] = {"Port": {}, "Path": {}, "Variable": {}}
    for config in found.iter("Config"):
        kinds[config.attrib["Type"]][config.attrib["Target"]] = config.text or ""
    assert kinds["Port"] == {str(PORT): str(PORT)}
    assert found.findtext("WebUI") == f"http://[IP]:[PORT:{PORT}]/"
    assert set(kinds["Path"]) == {image_variables()["UNSTILL_DATA_DIR"]}
    variables = kinds["Variable"]
    assert known(set(variables))
    assert (variables["PUID"], variables["PGID"]) == ("99", "100")
    fields = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in variables.items()
        if name.startswith(PREFIX)
    }
    Settings.model_validate({name: value for name, value in fields.items() if value})
    name, tag = str(found.findtext("Repository")).rsplit(":", 1)
    assert name == IMAGE
    assert tag in targets()
    assert found.findtext("Privileged") == "false"
    extra = str(found.findtext("ExtraParams")).split()
    assert {"--user=0:0", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL"} <= set(extra)
    assert {word for word in extra if word.startswith("--cap-add")} == {
        "--cap-add=CHOWN", "--cap-add=SETGID", "--cap-add=SETUID",
    }  # fmt: skip
    [stop] = [float(word.split("=")[1]) for word in extra if word.startswith("--stop-timeout")]
    assert stop > ENDS_S


def test_what_the_template_points_at_is_in_this_repository() -> None:
    found = template()
    assert str(found.findtext("TemplateURL")) == RAW + TEMPLATE.relative_to(ROOT).as_posix()
    icon = ROOT / str(found.findtext("Icon")).removeprefix(RAW)
    with Image.open(icon) as picture:
        assert picture.format == "PNG"
        assert picture.width == picture.height >= 128


# --- the guide


def test_files_that_the_guide_names_exist() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    named = set(re.findall(r"(?<!/)\b(?:deploy|docs)/[\w./-]*\w|\.github/[\w./-]*\w", text))
    named |= {f"docs/{name}" for name in re.findall(r"\]\(([\w-]+\.md)", text)}
    named |= {f"deploy/kubernetes/{name}" for name in re.findall(r"`((?:overlays|components)/\w+)`", text)}
    assert len(named) > 5
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
