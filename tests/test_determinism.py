"""`digests`, which tests of determinism use, must see an order that depends on the hash seed."""

from determinism import digests


def test_an_order_of_a_set_is_seen():
    first, second = digests("", "list({'a', 'b', 'c', 'd', 'e', 'f', 'g'})")
    assert first != second
    first, second = digests("", "sorted({'a', 'b', 'c', 'd', 'e', 'f', 'g'})")
    assert first == second
