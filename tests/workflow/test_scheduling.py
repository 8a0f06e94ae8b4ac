"""How often Snakemake looks for jobs to begin: its own limit goes, a user's stays."""

from types import SimpleNamespace

import pytest
from snakemake.cli import get_argument_parser
from snakemake.scheduling.job_scheduler import JobRateLimiter, JobScheduler
from snakemake.settings.types import MaxJobsPerTimespan

from workflow.scheduling import without_own_limit


def limited(limit: str) -> SimpleNamespace:
    """Return what a scheduler holds of a limit as the command line gives it."""
    return SimpleNamespace(job_rate_limiter=JobRateLimiter(MaxJobsPerTimespan.parse_choice(limit)))


def test_the_limit_that_snakemake_sets_itself_goes():
    scheduler = limited(get_argument_parser().get_default("max_jobs_per_timespan"))
    without_own_limit(scheduler)
    assert scheduler.job_rate_limiter is None
    assert "job_rate_limiter" in JobScheduler.__init__.__code__.co_names


@pytest.mark.parametrize("limit", ["5/1s", "100/1m"])
def test_a_limit_of_a_user_stays(limit):
    scheduler = limited(limit)
    without_own_limit(scheduler)
    assert scheduler.job_rate_limiter.get_free_jobs() == int(limit.split("/")[0])


def test_no_limit_stays_none():
    scheduler = SimpleNamespace(job_rate_limiter=None)
    without_own_limit(scheduler)
    assert scheduler.job_rate_limiter is None
