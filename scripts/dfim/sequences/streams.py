"""NumPy's random numbers in compiled code: those of ``np.random.default_rng(key)``, bit by bit.

To make one of NumPy's generators takes longer than to draw the shuffle of a sequence from it. A *stream* is
the state of such a generator, uint64 (4,): state and increment of PCG64 (O'Neill 2014), high and low halves.
A key is turned into it by NumPy's SeedSequence, which keeps its results for ever, as PCG64 does (NEP 19).
"""

from collections.abc import Sequence

import numpy as np
from numba import njit

_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_MULTIPLIER = np.uint64(0x2360ED051FC65DA4), np.uint64(0x4385DF649FCCF645)
_ONE = np.uint64(1)
# Of SeedSequence: what its hashes begin with, are multiplied with, and mix by.
_INIT_A, _MULTIPLIER_A = np.uint64(0x43B0D7E5), np.uint64(0x931E8875)
_INIT_B, _MULTIPLIER_B = np.uint64(0x8B51F9DD), np.uint64(0x58F38DED)
_MIX_LEFT, _MIX_RIGHT, _SHIFT = np.uint64(0xCA01F9DD), np.uint64(0x4973F715), np.uint64(16)
_POOL = 4


def words(*key: int) -> np.ndarray:
    """Return a key of whole numbers as SeedSequence takes it: each as words of 32 bits, the lowest first.

    They are uint64 (words,).
    """
    if max(key) < 1 << 32:
        return np.array(key, np.uint64)
    found = []
    for number in key:
        found.append(number & 0xFFFFFFFF)
        while number := number >> 32:
            found.append(number & 0xFFFFFFFF)
    return np.array(found, np.uint64)


def words_of_keys(keys: Sequence[Sequence[int]]) -> np.ndarray:
    """Return :func:`words` of keys that have as many each, (keys, words)."""
    if max(map(max, keys)) < 1 << 32:
        return np.array(keys, np.uint64)
    return np.array([words(*key) for key in keys])


def state_of(rng: np.random.Generator) -> np.ndarray:
    """Return the stream of a generator of ``np.random.default_rng``."""
    state = rng.bit_generator.state["state"]
    parts = [part for name in ("state", "inc") for part in divmod(state[name], 1 << 64)]
    return np.array(parts, np.uint64)


def put_back(rng: np.random.Generator, stream: np.ndarray) -> None:
    """Let a generator go on from where a stream has come to."""
    whole = rng.bit_generator.state
    whole["state"]["state"] = (int(stream[0]) << 64) + int(stream[1])
    rng.bit_generator.state = whole


@njit(nogil=True, cache=True)
def _hashed(value, constant, multiplier):
    """Return a hash of 32 bits, and the constant of the next one."""
    value ^= constant
    constant = (constant * multiplier) & _LOW
    value = (value * constant) & _LOW
    return value ^ (value >> _SHIFT), constant


@njit(nogil=True, cache=True)
def _mixed(one, other):
    value = (_MIX_LEFT * one - _MIX_RIGHT * other) & _LOW
    return value ^ (value >> _SHIFT)


@njit(nogil=True, cache=True)
def stream(key):
    """Return the stream of a key's words, uint64 (words,)."""
    pool, constant = np.zeros(_POOL, np.uint64), _INIT_A
    for place in range(_POOL):
        value = key[place] if place < len(key) else np.uint64(0)
        pool[place], constant = _hashed(value, constant, _MULTIPLIER_A)
    for source in range(max(_POOL, len(key))):
        for place in range(_POOL):
            if source != place:
                value = pool[source] if source < _POOL else key[source]
                value, constant = _hashed(value, constant, _MULTIPLIER_A)
                pool[place] = _mixed(pool[place], value)
    state, constant = np.zeros(4, np.uint64), _INIT_B
    for place in range(2 * len(state)):
        value, constant = _hashed(pool[place % _POOL], constant, _MULTIPLIER_B)
        state[place // 2] |= value << (_HALF * np.uint64(place % 2))
    return _begun(state)


@njit(nogil=True, cache=True)
def streams(keys):
    """Return the streams of the words of keys (keys, words), uint64 (keys, 4)."""
    found = np.empty((len(keys), 4), np.uint64)
    for number in range(len(keys)):
        made = stream(keys[number])
        for part in range(4):  # to assign a row at once takes two seconds more to compile
            found[number, part] = made[part]
    return found


@njit(nogil=True, cache=True)
def _begun(seed):
    """Return PCG64's first state of a seed: two halves of the state, two of the increment."""
    high, low = (seed[2] << _ONE) | (seed[3] >> np.uint64(63)), (seed[3] << _ONE) | _ONE
    state = np.array([np.uint64(0), np.uint64(0), high, low])
    _step(state)
    low = state[1] + seed[1]
    state[0] += seed[0] + (_ONE if low < seed[1] else np.uint64(0))
    state[1] = low
    _step(state)
    return state


@njit(nogil=True, cache=True, inline="always")
def _high_product(one, other):
    """Return the high half of the product of two numbers of 64 bits."""
    one_low, one_high, other_low, other_high = one & _LOW, one >> _HALF, other & _LOW, other >> _HALF
    middle = one_high * other_low + ((one_low * other_low) >> _HALF)
    rest = one_low * other_high + (middle & _LOW)
    return one_high * other_high + (middle >> _HALF) + (rest >> _HALF)


@njit(nogil=True, cache=True, inline="always")
def _step(state):
    high, low = state[0], state[1]
    product = low * _MULTIPLIER[1]
    state[0] = _high_product(low, _MULTIPLIER[1]) + high * _MULTIPLIER[1] + low * _MULTIPLIER[0] + state[2]
    state[1] = product + state[3]
    if state[1] < product:
        state[0] += _ONE


@njit(nogil=True, cache=True)
def _bits(state):
    """Return the next 64 bits."""
    _step(state)
    value, turn = state[0] ^ state[1], state[0] >> np.uint64(58)
    return (value >> turn) | (value << ((np.uint64(64) - turn) & np.uint64(63)))


@njit(nogil=True, cache=True)
def uniform(state):
    """Return the next number of ``Generator.random``."""
    return np.float64(_bits(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(nogil=True, cache=True)
def integers(state, bound, number):
    """Return what ``Generator.integers(0, bound, number)`` does as the first call; 1 ≤ bound < 2³²."""
    found, rest, kept = np.zeros(number, np.int64), np.uint64(0), False
    limit = np.uint64(bound)
    threshold = (_LOW + _ONE - limit) % limit
    for place in range(number if bound > 1 else 0):
        while True:
            # Two numbers of 32 bits are made of one of 64, the lower half first.
            if kept:
                value, kept = rest, False
            else:
                value = _bits(state)
                value, rest, kept = value & _LOW, value >> _HALF, True
            product = value * limit
            if (product & _LOW) >= threshold:
                break
        found[place] = np.int64(product >> _HALF)
    return found
