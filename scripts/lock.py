"""Write requirements/base.txt and requirements/dev.txt from pyproject.toml: `make lock`.

Exact versions with their hashes, and nothing about where they were downloaded from.
`make lock ARGS=--upgrade` takes newer versions; without it only what must change does.
"""

import os

from scripts.environment import MachineProblem, call, ensure, run_script, words_of

# No options of this machine's pip in the file: they may name where packages come from here.
OPTIONS = "--generate-hashes --strip-extras --allow-unsafe --no-annotate --no-emit-options --quiet".split()


def main() -> int:
    python = ensure("dev")
    environment = os.environ | {"CUSTOM_COMPILE_COMMAND": "make lock"}
    options = [*OPTIONS, *words_of(os.environ.get("ARGS", ""))]
    # The second file repeats the first one's versions, so a test never runs on another Django.
    for target, own in (("base", []), ("dev", ["--extra=dev", "--constraint=requirements/base.txt"])):
        output = f"--output-file=requirements/{target}.txt"
        command = [python, "-m", "piptools", "compile", *options, *own, output, "pyproject.toml"]
        if call(command, env=environment):
            raise MachineProblem(f"requirements/{target}.txt could not be made.")
    return 0


if __name__ == "__main__":
    run_script(main)
