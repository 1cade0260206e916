"""`make seed`: fill an empty database with the sample company (ARGS=--force for a filled one)."""

import os

from scripts.environment import call, ensure, run_script, words_of


def main() -> int:
    python = ensure("base")
    environment = {"DEBUG": "on", **os.environ}
    code = call([python, "manage.py", "migrate", "--no-input", "--verbosity=0"], env=environment)
    arguments = words_of(os.environ.get("ARGS", ""))
    return code or call([python, "manage.py", "seed_demo", *arguments], env=environment)


if __name__ == "__main__":
    run_script(main)
