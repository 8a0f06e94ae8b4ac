"""Items that are made while those before them are worked on."""

import threading

import pytest

from dfim.ahead import one_ahead


def test_items_come_in_order_and_the_next_is_made_meanwhile():
    made = [threading.Event() for _ in range(4)]

    def items():
        for number, event in enumerate(made):
            event.set()
            yield number

    found = []
    for item in one_ahead(items()):
        found.append(item)
        # The next is made without being asked for, and the one after it is not.
        assert item == 3 or made[item + 1].wait(timeout=60)
        assert item >= 2 or not made[item + 2].is_set()
    assert found == [0, 1, 2, 3]
    assert list(one_ahead(iter([]))) == []


def test_no_thread_is_left_of_a_consumer_that_stops():
    before = set(threading.enumerate())

    def consumer():
        for _ in one_ahead(iter(range(9))):
            assert set(threading.enumerate()) > before
            raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        consumer()
    assert set(threading.enumerate()) <= before


def test_an_error_comes_where_its_item_would_have_come():
    def items():
        yield 1
        raise ValueError("no second")

    coming = one_ahead(items())
    assert next(coming) == 1
    with pytest.raises(ValueError, match="no second"):
        next(coming)
