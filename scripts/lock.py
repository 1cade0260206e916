"""Write requirements/base.txt and requirements/dev.txt from pyproject.toml: `make lock`.

Exact versions with their hashes, and nothing about where they were downloaded from.
`make lock ARGS=--upgrade` takes newer versions; without it only what must change does.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QUIET = ("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host", "--no-annotate", "--quiet")


def compile_requirements(target: str, *options: str) -> None:
    command = [sys.executable, "-m", "piptools", "compile", "--generate-hashes", "--strip-extras"]
    command += ["--allow-unsafe", *QUIET, *options, f"--output-file={target}", "pyproject.toml"]
    environment = os.environ | {"CUSTOM_COMPILE_COMMAND": "make lock"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def main() -> None:
    arguments = sys.argv[1:]
    compile_requirements("requirements/base.txt", *arguments)
    compile_requirements("requirements/dev.txt", "--extra=dev", "--constraint=requirements/base.txt", *arguments)


if __name__ == "__main__":
    main()
