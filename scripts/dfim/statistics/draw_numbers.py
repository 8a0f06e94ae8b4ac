"""How many draws of each pair the null ``replaced`` makes."""

from dfim.statistics.resolution import draws_needed

# By ``auto``: the fewest draws of a pair, and the most of all together, of outputs and of contributions.
LEAST_DRAWS, MOST_OUTPUTS, MOST_SCORES = 5, 200_000, 100_000


def draws_of(asked: int | str, pairs: int, most: int) -> int:
    """Return the draws of each pair: as many as asked, or by ``auto`` so many that a lone one can be called.

    ``pairs``: how many are tested. ``auto`` makes at most ``most`` draws of all pairs together, and at least
    :data:`LEAST_DRAWS` of each.
    """
    if asked != "auto":
        return int(asked)
    return max(LEAST_DRAWS, draws_needed(max(1, pairs), most=most))
