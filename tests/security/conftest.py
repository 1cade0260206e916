from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from kam.users.models import User
from tests.fixtures import World
from tests.security.twins import Twins, make_twins


@pytest.fixture
def twins(world: World, cast: dict[str, User]) -> Iterator[Twins]:
    made = make_twins(world, cast)
    logging.disable(logging.CRITICAL)  # thousands of refusals
    with time_machine.travel(timezone.now() + timedelta(seconds=1), tick=False):
        yield made
    logging.disable(logging.NOTSET)
