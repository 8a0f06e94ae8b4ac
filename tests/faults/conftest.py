"""A finished run of the small configuration."""

import pytest
from small_run import Run


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory) -> Run:
    """A finished run on two cores; tests must not change it."""
    run = Run(tmp_path_factory.mktemp("undisturbed"))
    ran = run.run()
    assert ran.returncode == 0, ran.stdout[-5000:]
    return run
