"""gunicorn with what production installs: packages that are here for tests and tools alone are not found.

Some libraries load whatever of them there is (Django REST framework requests, structlog rich), and a worker
would be weighed with them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

from gunicorn.app.wsgiapp import run

REQUIREMENTS = Path(__file__).parent.parent / "requirements" / "base.txt"


class NotInProduction(MetaPathFinder):
    """Asked before all others; refuses what no requirement of production brings."""

    def __init__(self) -> None:
        installed = {
            normal(name) for name in re.findall(r"(?m)^([\w.-]+)(?:\[.*?\])?==", REQUIREMENTS.read_text())
        }
        self.missing = {
            module
            for module, distributions in packages_distributions().items()
            if not installed & {normal(name) for name in distributions}
        }

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if name.partition(".")[0] in self.missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


if __name__ == "__main__":
    sys.meta_path.insert(0, NotInProduction())
    run()
