"""Making the next of something while the one before is worked on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

_END = object()


def one_ahead(items: Iterator) -> Iterator:
    """Yield what an iterator yields; a thread makes the next item meanwhile.

    An error in the making is raised where that item would have come. At most two items are held at once.
    """
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, _END)
        while (item := coming.result()) is not _END:
            coming = thread.submit(next, items, _END)
            yield item
