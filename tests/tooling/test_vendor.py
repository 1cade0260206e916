import importlib.util
import json
import shutil
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "vendor.py"


@pytest.fixture
def vendor(tmp_path, monkeypatch):
    """The script, working on a copy of the vendored files."""
    spec = importlib.util.spec_from_file_location("vendor", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "vendor", module)  # its dataclass looks itself up there
    spec.loader.exec_module(module)
    shutil.copytree(module.ROOT, tmp_path / "vendor")
    monkeypatch.setattr(module, "ROOT", tmp_path / "vendor")
    return module


def test_vendor_check_accepts_what_is_committed(vendor):
    assert vendor.problems() == []


def test_vendor_check_finds_a_changed_file(vendor):
    name = json.loads((vendor.ROOT / "manifest.json").read_text())[0]["file"]
    (vendor.ROOT / name).write_bytes(b"changed")

    assert vendor.problems() == [f"{name}: changed since it was vendored"]


def test_vendor_check_finds_missing_and_unlisted_files(vendor):
    name = json.loads((vendor.ROOT / "manifest.json").read_text())[0]["file"]
    (vendor.ROOT / name).rename(vendor.ROOT / "other.css")

    assert vendor.problems() == [f"{name}: missing", "other.css: not in the manifest"]
