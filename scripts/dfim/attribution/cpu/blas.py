"""Matrix products that compiled kernels can call: SciPy's BLAS, one thread for each call.

The kernels of this package run side by side in Python threads and let go of the interpreter's lock; each
calls BLAS for pieces that fit the processor's cache. So BLAS itself must stay on one thread
(:func:`one_blas_thread`), or the threads would fight over the cores.
"""

from contextlib import contextmanager

import llvmlite.binding
import scipy.linalg.cython_blas  # noqa: F401 (loads the library whose address is taken below)
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic
from threadpoolctl import ThreadpoolController

# Known to the compiler by a name, not by its address, so that compiled kernels can be kept on disk.
_SGEMM = "dfim_sgemm"
llvmlite.binding.add_symbol(_SGEMM, get_cython_function_address("scipy.linalg.cython_blas", "sgemm"))
_INT32, _FLOAT, _LETTER = ir.IntType(32), ir.FloatType(), ir.IntType(8)


# It looks through all loaded libraries, once.
_controller = ThreadpoolController()


@contextmanager
def one_blas_thread():
    """Keep every BLAS of the process on one thread for the time of a block."""
    with _controller.limit(limits=1, user_api="blas"):
        yield


@intrinsic
def _sgemm(context, n, m, shared, b, b_step, a, a_step, keep, c, c_step):
    """Call BLAS: c to a · b + keep · c, all but ``keep`` as whole numbers or addresses.

    BLAS wants an address for each number. They are put on the stack: arrays for them take longer to compile
    than all the rest.
    """
    number = types.intp
    signature = types.void(*[number] * 3, *[types.uintp, number] * 2, keep, types.uintp, number)
    return signature, _call_blas


def _call_blas(context, builder, signature, arguments):
    """Write the call of sgemm in the compiler's own terms."""
    n, m, shared, b, b_step, a, a_step, keep, c, c_step = arguments

    def at(value):
        return cgutils.alloca_once_value(builder, value)

    def size(value):
        return at(builder.trunc(value, _INT32))

    def matrix(address):
        return builder.inttoptr(address, _FLOAT.as_pointer())

    as_it_is = at(ir.Constant(_LETTER, ord("N")))
    given = [
        as_it_is, as_it_is, size(n), size(m), size(shared), at(ir.Constant(_FLOAT, 1.0)),
        matrix(b), size(b_step), matrix(a), size(a_step), at(builder.sitofp(keep, _FLOAT)),
        matrix(c), size(c_step),
    ]  # fmt: skip
    kind = ir.FunctionType(ir.VoidType(), [value.type for value in given])
    builder.call(cgutils.get_or_insert_function(builder.module, kind, _SGEMM), given)
    return context.get_dummy_value()


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
    steps = _row_step(b), _row_step(a), _row_step(c)
    _sgemm(n, m, shared, b.ctypes.data, steps[0], a.ctypes.data, steps[1], keep, c.ctypes.data, steps[2])
