"""The first convolution of sequences of letters: sums of rows of a table, which has one for each word.

These are a quarter of the sums that products have, or less.
"""

import numpy as np
from numba import njit

# What stands beyond the ends of a sequence has a letter too.
LETTERS, WORD = 5, 3
WORDS = LETTERS**WORD
_NOTHING = LETTERS - 1
# Rows that are added up at once.
_TOGETHER = 4


def word_table(kernel: np.ndarray) -> np.ndarray:
    """Return what each word brings, float32 (words of a kernel · WORDS + 1, channels); the last row is 0.

    ``kernel`` is (taps, 4, channels). A kernel's words are those at its first taps, at the ones after these
    and so on; the last may end beyond the kernel.
    """
    taps, bases, channels = kernel.shape
    count = -(-taps // WORD)
    weights = np.zeros((count * WORD, LETTERS, channels))
    weights[:taps, :bases] = kernel
    first, second, third = weights.reshape(count, WORD, LETTERS, channels).transpose(1, 0, 2, 3)
    sums = first[:, :, None, None] + second[:, None, :, None] + third[:, None, None]
    rows = sums.reshape(count * WORDS, channels)
    return np.concatenate([rows, np.zeros((1, channels))]).astype(np.float32)


@njit(nogil=True, fastmath=True, cache=True)
def convolve_letters(x, left, table, bias, z):
    """Convolve x (sequences, length, 4) into z [positions, sequences, channels], ``left`` places before it.

    ``table`` is a kernel's :func:`word_table`. Returns False, with nothing in z, where a row of x is none of
    A, C, G and T.
    """
    positions, count = len(z), len(table) // WORDS
    words = np.empty((positions + WORD * (count - 1), len(x)), np.int32)
    if not _read_words(x, left, words):
        return False
    _add_words(words, count, table, bias, z)
    return True


@njit(nogil=True, fastmath=True, cache=True)
def _read_words(x, left, words):
    """Fill words (places, sequences), the first of which begin ``left`` places before the sequences."""
    places = len(words)
    letters = np.empty(places + WORD - 1, np.int32)
    inside = min(x.shape[1], len(letters) - left)
    for sequence in range(len(x)):
        letters[:] = _NOTHING
        strange = False
        for position in range(inside):
            a, c, g, t = x[sequence, position]
            ones, zeros = (a == 1) + (c == 1) + (g == 1) + (t == 1), (a == 0) + (c == 0) + (g == 0) + (t == 0)
            strange |= ones != 1 or zeros != 3
            letters[left + position] = np.int32(c + 2 * g + 3 * t)
        if strange:
            return False
        for place in range(places):
            word = (LETTERS * letters[place] + letters[place + 1]) * LETTERS + letters[place + 2]
            words[place, sequence] = word
    return True


@njit(nogil=True, fastmath=True, cache=True)
def _add_words(words, count, table, bias, z):
    """Fill z with the bias and the rows of the words that are met at each position."""
    positions, sequences, channels = z.shape
    rows = np.empty(_TOGETHER, np.uint64)
    for position in range(positions):
        for sequence in range(sequences):
            p, s = np.uint64(position), np.uint64(sequence)
            for first in range(0, count, _TOGETHER):
                for number in range(_TOGETHER):
                    word = first + number
                    rows[number] = len(table) - 1
                    if word < count:
                        rows[number] = word * WORDS + words[position + word * WORD, sequence]
                one, two, three, four = rows
                for channel in range(np.uint64(channels)):
                    total = (
                        table[one, channel]
                        + table[two, channel]
                        + (table[three, channel] + table[four, channel])
                    )
                    z[p, s, channel] = total + (z[p, s, channel] if first else bias[channel])
