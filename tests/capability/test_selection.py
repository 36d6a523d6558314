from sycoscope.capability.selection import allocate, select

SIZES = {f"s{i:02d}": 100 + (i * 37) % 400 for i in range(57)}


def test_every_group_has_a_place_and_shares_are_proportional() -> None:
    places = allocate(SIZES, 100, seed=1)
    assert sum(places.values()) == 100
    assert min(places.values()) == 1
    places = allocate(SIZES, 2000, seed=1)
    total = sum(SIZES.values())
    assert sum(places.values()) == 2000
    assert all(abs(places[name] - 2000 * size / total) < 1 for name, size in SIZES.items())


def test_fewer_places_than_groups() -> None:
    places = allocate(SIZES, 10, seed=1)
    assert sum(places.values()) == 10
    assert max(places.values()) == 1


def test_no_group_gives_more_than_it_has() -> None:
    assert allocate({"a": 1, "b": 999}, 998, seed=0) == {"a": 1, "b": 997}
    assert allocate({"a": 2, "b": 3}, 9, seed=0) == {"a": 2, "b": 3}


def test_selection_ignores_file_order_and_nests() -> None:
    ids = [f"item{i}" for i in range(50)]
    groups = [""] * 50
    ten = {ids[i] for i in select(ids, groups, 10, seed=3)}
    back = ids[::-1]
    assert ten == {back[i] for i in select(back, groups, 10, seed=3)}
    assert ten < {ids[i] for i in select(ids, groups, 20, seed=3)}
    assert ten != {ids[i] for i in select(ids, groups, 10, seed=4)}
    assert ten != set(ids[:10])


def test_everything_keeps_its_order() -> None:
    assert select(["b", "a", "c"], ["", "", ""], 3, seed=0) == [0, 1, 2]
