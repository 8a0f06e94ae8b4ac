"""How many draws of each pair, or of each cell of a scan, the null ``replaced`` makes."""

from dfim.statistics.resolution import AUTO, LEVEL, NO_LIMIT, draws_needed

# By ``auto``: the fewest draws of a pair, and the most of all together, of outputs and of contributions.
LEAST_DRAWS, MOST_OUTPUTS, MOST_SCORES = 5, 200_000, 100_000


def draws_of(asked: int | str, pairs: int, most: int, level: float = LEVEL) -> int:
    """Return the draws of each pair: as many as asked, or by ``auto`` so many that a lone one can be called.

    ``pairs``: how many are tested; one is called with a q below ``level``. ``auto`` makes at most ``most``
    draws of all pairs together, and at least :data:`LEAST_DRAWS` of each.
    """
    if asked != AUTO:
        return int(asked)
    return max(LEAST_DRAWS, draws_needed(max(1, pairs), level=level, most=most))


def shared_draws_of(asked: int | str, level: float = LEVEL) -> int:
    """Return the shared draws of each cell of a scan, or kind of pairs: as asked, or by ``auto`` 40 at .05.

    That is twice as many as let a lone one be called, however many there are. The draws of all of them are
    the same few pieces: with half as many, what is called depends on which these are.
    """
    return 2 * draws_needed(1, level=level, most=NO_LIMIT) if asked == AUTO else int(asked)
