"""`make bench`: the benchmarks against a private PostgreSQL that writes to disk as in production."""

import os
import secrets

from scripts import services
from scripts.environment import call, ensure, run_script, words_of


def main() -> int:
    python = ensure("base")
    services.ensure_installed(["PostgreSQL"])
    with services.postgres(durable=True) as url:
        environment = os.environ | {
            "DATABASE_URL": url,
            "REDIS_URL": "",
            "DEBUG": "off",
            "HTTPS": "off",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
        }
        return call([python, "-m", "benchmarks", *words_of(os.environ.get("ARGS", ""))], env=environment)


if __name__ == "__main__":
    run_script(main)
