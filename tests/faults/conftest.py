"""A finished run of the small configuration."""

import pytest
from small_run import Run
from support.shared import made_once


def run_small_configuration(path) -> None:
    ran = Run(path).run()
    assert ran.returncode == 0, ran.stdout[-5000:]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory) -> Run:
    """A finished run on two cores; tests must not change it."""
    return Run(made_once(tmp_path_factory, "undisturbed", run_small_configuration))
