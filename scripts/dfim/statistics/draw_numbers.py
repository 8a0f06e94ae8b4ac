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


def draws_of_scan(asked: int | str, cells: int, level: float = LEVEL) -> int:
    """Return the draws of each cell of a scan: as asked, or by ``auto`` twice as many as let one be called.

    The draws of a scan are the same few pieces in all of its ``cells``: with half as many, what is called
    depends on which they are. However many cells there are, none can do with fewer.
    """
    cells = max(1, cells)
    return 2 * draws_needed(cells, level=level, most=NO_LIMIT) if asked == AUTO else int(asked)
