"""The image and its compose file: nothing runs as root, packages come by hash, what is copied is there, hadolint finds nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCKERFILE, COMPOSE = ROOT / "deploy" / "Dockerfile", ROOT / "deploy" / "compose.yaml"

HADOLINT = shutil.which("hadolint", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))


def test_the_image_runs_as_nobody_special_and_takes_packages_by_hash() -> None:
    text = DOCKERFILE.read_text("utf-8")
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["10001"]
    assert text.index("\nUSER ") < text.index("\nENTRYPOINT ")
    assert "HEALTHCHECK" in text
    installs = re.findall(r"pip install [^\n]*", text)
    assert len(installs) == 3
    assert all("--require-hashes" in one or "--no-deps ." in one for one in installs), installs
    kept = re.findall(r"^!(.*)$", DOCKERFILE.with_name("Dockerfile.dockerignore").read_text("utf-8"), re.MULTILINE)
    assert [name for name in kept if not (ROOT / name).exists()] == []
    assert {"toolkit", "dashboards", "notebooks", "docs", "pyproject.toml", "requirements.lock"} <= set(kept), "what the wheel is made of"


def test_the_services_may_do_no_more_than_they_must() -> None:
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]
    assert set(services) == {"app", "nightly", "database"}
    for name in ("app", "nightly"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]
    assert services["app"]["ports"] == ["127.0.0.1:8866:8866"], "the proxy is the way in"
    assert "--trust-proxy-user" in services["app"]["command"]
    assert services["database"]["profiles"] == ["database"], "only for who asks for it"


@pytest.mark.skipif(HADOLINT is None, reason="no hadolint on this machine: the Dockerfile was not linted")
def test_hadolint_finds_nothing() -> None:
    done = subprocess.run([str(HADOLINT), str(DOCKERFILE)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
