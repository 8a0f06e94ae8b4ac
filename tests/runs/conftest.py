"""A folder to run the workflow in, and one in which it has run."""

import pytest
from support.run_folder import Folder


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A folder in which the small configuration has run; tests must not change it (see Folder.copy)."""
    done = Folder(tmp_path_factory.mktemp("finished"))
    ran = done.run()
    assert ran.returncode == 0, ran.stdout[-5000:]
    return done
