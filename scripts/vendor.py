#!/usr/bin/env python3
"""Keep the front-end files of others that we serve (static/vendor/).

    scripts/vendor.py check      every file is there, unchanged and listed (no network)
    scripts/vendor.py refresh    fetch the versions below with npm and write files and manifest

No node is needed to install or run kam: the files are in the repository. To move to a new version,
change it in PACKAGES; to use one more icon, add its name to ICONS; then refresh and commit.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "static" / "vendor"
MANIFEST = "manifest.json"
SVG = "http://www.w3.org/2000/svg"

ICONS = """
adjustments-horizontal affiliate alert-circle alert-triangle archive arrow-back-up arrow-down
arrow-right arrow-up arrows-sort ban bell books briefcase building calendar-due calendar-event cash
chart-bar check checklist chevron-down chevron-left chevron-right circle-check circle-dashed clock
coins copy device-desktop dots download external-link eye file-export file-import file-text filter
flag folder gauge git-compare grip-vertical heart-rate-monitor help-circle history info-circle
key layout-dashboard link list-check lock
logout mail menu-2 message minus moon paperclip pencil phone pin player-pause plus presentation
printer refresh report-money scale search send settings shield-lock sitemap star sun target trash
trending-down trending-up upload user user-circle users world x
""".split()


def _unchanged(package: Path, source: str) -> bytes:
    return (package / source).read_bytes()


def _without_source_map(package: Path, source: str) -> bytes:
    """Hashed static files refuse a reference to a map that we do not ship."""
    text = (package / source).read_text(encoding="utf-8")
    return re.sub(r"\n?/\*# sourceMappingURL=.*?\*/\s*", "\n", text).encode()


def _icon_sprite(package: Path, source: str) -> bytes:
    """One SVG with a <symbol> for each name in ICONS."""
    symbols = []
    for name in sorted(ICONS):
        drawing = (package / source / f"{name}.svg").read_text(encoding="utf-8")
        elements = re.findall(r"<(?!/|svg)(\w+)([^>]*)>", drawing)
        paths = [
            re.search(r'\bd="([^"]+)"', rest)[1] for tag, rest in elements if 'stroke="none"' not in rest
        ]
        if {tag for tag, _attributes in elements} != {"path"}:
            raise SystemExit(f"{name}: not drawn with paths alone")
        shapes = "".join(f'<path d="{d}"/>' for d in paths)
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>')
    return (f'<svg xmlns="{SVG}">\n' + "\n".join(symbols) + "\n</svg>\n").encode()


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    licence: str
    source: str
    file: str
    convert: Callable[[Path, str], bytes] = _unchanged
    licence_source: str = "LICENSE"

    @property
    def licence_file(self) -> str:
        return f"{self.file.split('-')[0].split('.')[0]}-LICENSE.txt"


PACKAGES = [
    Package(
        "bootstrap",
        "5.3.9",
        "MIT",
        "dist/css/bootstrap.min.css",
        "bootstrap-5.3.9.min.css",
        _without_source_map,
    ),
    Package("htmx.org", "2.0.11", "0BSD", "dist/htmx.min.js", "htmx-2.0.11.min.js"),
    Package("sortablejs", "1.15.6", "MIT", "Sortable.min.js", "sortable-1.15.6.min.js"),
    Package("@tabler/icons", "3.51.0", "MIT", "icons/outline", "icons-3.51.0.svg", _icon_sprite),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        "files/inter-latin-wght-normal.woff2",
        "inter-5.3.0-latin.woff2",
    ),
]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def unpack(package: Package, folder: Path) -> Path:
    """Fetch a package with npm (which checks its integrity) and return its directory."""
    command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    answer = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    archive = folder / answer.stdout.strip().splitlines()[-1]
    target = folder / archive.stem
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    return target / "package"


def refresh() -> None:
    ROOT.mkdir(parents=True, exist_ok=True)
    entries: list[dict[str, str]] = []
    written: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            unpacked = unpack(package, Path(folder))
            written[package.file] = package.convert(unpacked, package.source)
            written[package.licence_file] = (unpacked / package.licence_source).read_bytes()
            entries.append(
                {
                    "name": package.name,
                    "version": package.version,
                    "licence": package.licence,
                    "licence_file": package.licence_file,
                    "file": package.file,
                    "sha256": sha256(written[package.file]),
                }
            )
    for old in ROOT.iterdir():
        if old.name not in written and old.name != MANIFEST:
            old.unlink()
    for name, content in written.items():
        (ROOT / name).write_bytes(content)
    (ROOT / MANIFEST).write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


def problems() -> list[str]:
    """What is wrong with the files, in words."""
    entries = json.loads((ROOT / MANIFEST).read_text(encoding="utf-8"))
    found = []
    for entry in entries:
        path = ROOT / entry["file"]
        if not path.exists():
            found.append(f"{entry['file']}: missing")
        elif sha256(path.read_bytes()) != entry["sha256"]:
            found.append(f"{entry['file']}: changed since it was vendored")
        if not (ROOT / entry["licence_file"]).exists():
            found.append(f"{entry['licence_file']}: missing")
    listed = {MANIFEST} | {entry[key] for entry in entries for key in ("file", "licence_file")}
    found += [
        f"{path.name}: not in the manifest" for path in sorted(ROOT.iterdir()) if path.name not in listed
    ]
    wanted = {(package.name, package.version) for package in PACKAGES}
    if wanted != {(entry["name"], entry["version"]) for entry in entries}:
        found.append("the manifest and PACKAGES name different versions: run refresh")
    return found


def main(arguments: list[str]) -> int:
    if arguments not in (["check"], ["refresh"]):
        print(__doc__)
        return 2
    if arguments == ["refresh"]:
        refresh()
    found = problems()
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
