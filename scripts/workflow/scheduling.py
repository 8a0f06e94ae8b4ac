"""How often Snakemake looks for jobs to begin."""

# Snakemake's own limit of jobs that begin: so many in so many seconds.
_OWN = 100, 1


def without_own_limit(scheduler) -> None:
    """Lift Snakemake's own limit of jobs that begin in a second, which no machine reaches; a user's stays.

    To hold it, Snakemake looks at all jobs that wait once more a second after each look. Each job that ends
    begins another such row of looks, so that late in a run they take longer than many jobs.
    """
    limit = getattr(scheduler, "job_rate_limiter", None)
    if limit is not None and (limit.max_jobs, limit.timespan) == _OWN:
        scheduler.job_rate_limiter = None
