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
    """Return the shared draws of each kind of pairs: as asked, or by ``auto`` 40 at the level .05.

    That is twice as many as let a lone kind be called, however many there are. The draws of all of them are
    the same few pieces: with half as many, what is called depends on which these are.
    """
    return _times_needed(2, asked, level)


def scan_draws_of(asked: int | str, level: float = LEVEL) -> int:
    """Return the pieces of a scan for each motif: as asked, or by ``auto`` 100 at the level .05.

    That is five times as many as let a lone cell be called. With 100 pieces a motif is called beside four
    that do as much, with 40 beside one: which pieces are drawn decides less.
    """
    return _times_needed(5, asked, level)


def _times_needed(times: int, asked: int | str, level: float) -> int:
    return times * draws_needed(1, level=level, most=NO_LIMIT) if asked == AUTO else int(asked)
