"""Matrix products that compiled kernels can call: SciPy's BLAS, one thread for each call.

The kernels of this package run side by side in Python threads and let go of the interpreter's lock; each
calls BLAS for pieces that fit the processor's cache. So BLAS itself must stay on one thread
(:func:`one_blas_thread`), or the threads would fight over the cores.
"""

from contextlib import contextmanager

import llvmlite.binding
import numpy as np
import scipy.linalg.cython_blas  # noqa: F401 (loads the library whose address is taken below)
from numba import njit, types
from numba.extending import get_cython_function_address
from threadpoolctl import ThreadpoolController

# Known to the compiler by a name, not by its address, so that compiled kernels can be kept on disk.
llvmlite.binding.add_symbol("dfim_sgemm", get_cython_function_address("scipy.linalg.cython_blas", "sgemm"))
_sgemm = types.ExternalFunction("dfim_sgemm", types.void(*[types.intp] * 13))


# It looks through all loaded libraries, once.
_controller = ThreadpoolController()


@contextmanager
def one_blas_thread():
    """Keep every BLAS of the process on one thread for the time of a block."""
    with _controller.limit(limits=1, user_api="blas"):
        yield


@njit(nogil=True, inline="always")
def _row_step(matrix):
    """Return how many numbers lie from one row of a matrix to the next, as BLAS wants to be told.

    NumPy gives a single row any stride, 1 for the transpose of a column; BLAS refuses less than a row's
    length.
    """
    return max(matrix.strides[0] // 4, matrix.shape[1])


@njit(nogil=True, cache=True)
def multiply(a, b, c, keep):
    """Set c to a · b + keep · c; float32 matrices whose rows are contiguous, in place.

    ``keep`` is 0 or 1. Shapes (m, k), (k, n), (m, n). BLAS counts columns first, and so is told to form the
    transposed product. It writes wherever it is told to; so matrices that do not fit end in a ValueError.
    """
    (m, shared), n = a.shape, b.shape[1]
    if b.shape[0] != shared or c.shape[0] != m or c.shape[1] != n:
        raise ValueError("matrices of a product do not fit")
    if m == 0 or n == 0:
        return
    sizes = np.array([n, m, shared, _row_step(b), _row_step(a), _row_step(c)], np.int32)
    factors = np.array([1.0, keep], np.float32)
    as_it_is = np.array([ord("N")], np.uint8)
    size, factor, letter = sizes.ctypes.data, factors.ctypes.data, as_it_is.ctypes.data
    _sgemm(
        letter,
        letter,
        size,
        size + 4,
        size + 8,
        factor,
        b.ctypes.data,
        size + 12,
        a.ctypes.data,
        size + 16,
        factor + 4,
        c.ctypes.data,
        size + 20,
    )
