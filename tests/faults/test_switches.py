"""Each mechanism of the delivery is needed: without it, the same kind of run is red."""

import dataclasses
import re
from pathlib import Path

import pytest

from tests.faults.storm import Plan
from tests.faults.test_storm import SEED, run
from tests.live import Site

pytestmark = pytest.mark.once

# Without which mechanism a client sees what.
SWITCHES = {
    "repair": "lost: ",
    "duplicate-check": "duplicated",
    "change-index": "lost at the end",
    "attach-rule": "duplicated",
    "epoch-rule": "where .* was published|taken back",
}

# Short and hard: few topics, so that clients come back to each in the middle of publications.
SHORT = Plan(
    seed=SEED,
    publications=2_400,
    publications_per_s=600,
    cuts=80,
    faults={"restart_redis_stale": 2},
    topics=("deep:0", "deep:1", "deep:2"),
    publishers=2,
    python_clients=0,
    topics_of_each=3,
    settling_limit_s=6.0,
)


def test_with_all_mechanisms_it_is_green(site: Site, sdk_package: Path, tmp_path: Path) -> None:
    """Else a red one would prove nothing."""
    assert run(SHORT, site, sdk_package, tmp_path).verdict.wrong == []


@pytest.mark.parametrize(("switch", "complaint"), SWITCHES.items(), ids=SWITCHES)
def test_without_one_mechanism_it_is_red(
    switch: str, complaint: str, site: Site, sdk_package: Path, tmp_path: Path
) -> None:
    """A test that can't fail keeps nothing."""
    plan = dataclasses.replace(SHORT, sabotage=switch)
    wrong = run(plan, site, sdk_package, tmp_path).verdict.wrong
    assert any(re.search(complaint, sentence) for sentence in wrong)
