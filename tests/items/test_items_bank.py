from importlib.resources import files

import pytest

from sycoscope.core.errors import MissingError
from sycoscope.items import PARTS, check_items, load, load_bank, partition

INSTALLED = [part for part in PARTS if files("sycoscope.items").joinpath("bank", f"{part}.jsonl").is_file()]


def test_partition_is_even_and_fixed():
    sides = [partition(f"cluster {n}") for n in range(2000)]
    # Binomial(2000, 0.5): standard deviation 22.4.
    assert abs(sides.count("train") - 1000) < 90
    # A change of the hash would move items between training and evaluation. Values: parity of the 16th digit of
    # coreutils' sha256sum of ["partition","cluster 0"] and so on.
    assert sides[:8] == ["test", "test", "train", "train", "test", "train", "test", "test"]


def test_unknown_part_and_absent_file(monkeypatch, tmp_path):
    with pytest.raises(MissingError, match="no part 'poems'; it has: facts, arguments"):
        load("bank/poems")
    monkeypatch.setattr("sycoscope.items.bank.files", lambda package: tmp_path)
    with pytest.raises(MissingError, match="part 'facts' is not installed"):
        load_bank("facts")


@pytest.mark.parametrize("part", INSTALLED)
def test_each_part_is_read_and_partitioned_by_cluster(part):
    findings = []
    items = load_bank(part, findings=findings)
    assert findings == []
    assert {item.source for item in items} == {f"bank/{part}"}
    # nothing asks the replies
    assert {item.split for item in items} == ({"train"} if part == "replies" else {"train", "test"})
    assert [f for f in check_items(items) if f.severity == "error"] == []
    assert sorted(i.id for i in load(f"bank/{part}", split="train")) == sorted(
        i.id for i in items if i.split == "train"
    )
