"""A batch after an earlier one: what is new or worse in each cluster, and what that does to the exit code."""

import json
import re
from pathlib import Path

import pytest
from clusters import Here, cluster, log, put, tree

from logdiag.batch.run import Outcome, batch
from logdiag.batch.since import Since
from logdiag.errors import InputError
from logdiag.options import Options


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    for name in ("east", "north", "west"):
        cluster(tmp_path / "fleet" / name, f"{name}01", f"{name}02")
    run(tmp_path / "yesterday", tmp_path / "fleet")
    return tmp_path / "fleet"


def run(out: Path, *given: Path, since: Path | None = None, options: Options | None = None) -> Outcome:
    return batch(given, out, options or Options(), Here(), since=since)


def lose_another_peer(folder: Path) -> None:
    path = folder / "snapshot_east01" / "messages.log"
    put(path, path.read_text() + log("east01", lost="expy08", day="2024-03-06"))


def since_of(outcome: Outcome) -> Since:
    assert outcome.since is not None
    return outcome.since


def test_what_is_new_is_found_and_comes_first(fleet: Path, tmp_path: Path) -> None:
    lose_another_peer(fleet / "east")
    (fleet / "west").rename(fleet / "south")
    before = tree(tmp_path / "yesterday")
    found = since_of(run(tmp_path / "today", fleet, since=tmp_path / "yesterday"))
    assert (found.earlier, found.missing, set(found.news)) == ("yesterday", ("west",), {"east", "north"})
    assert (found.news["north"].opened, found.news["north"].worse, found.news["north"].lines) == (0, 0, ())
    east = found.news["east"]
    assert east.opened > 0
    assert east.severity == "high"
    assert east.lines[0][:2] == ("opened", "high")
    assert "expy08" in east.lines[0][2]
    page = (tmp_path / "today" / "index.html").read_text(encoding="utf-8")
    assert '<h1 id="verdict-title">1 cluster has new or worse findings since yesterday</h1>' in page
    assert re.findall(r'<span class="where">([^<]*)</span>', page) == [
        "fleet/east",
        "fleet/south",
        "fleet/north",
    ]
    assert tree(tmp_path / "yesterday") == before


def test_the_same_again_after_a_kill_and_without_since(fleet: Path, tmp_path: Path) -> None:
    lose_another_peer(fleet / "east")
    run(tmp_path / "today", fleet, since=tmp_path / "yesterday")
    first = tree(tmp_path / "today")
    # Clusters that an earlier run of today has finished are compared all the same.
    (tmp_path / "today" / "index.html").unlink()
    run(tmp_path / "today", fleet, since=tmp_path / "yesterday")
    assert tree(tmp_path / "today") == first
    run(tmp_path / "today", fleet)
    run(tmp_path / "fresh", fleet)
    assert tree(tmp_path / "today") == tree(tmp_path / "fresh")


def test_a_cluster_that_cannot_be_compared_is_not_said_to_have_news(fleet: Path, tmp_path: Path) -> None:
    (tmp_path / "yesterday" / "clusters" / "east" / "findings.json").write_text("{")
    # Other peers in a folder of the same name.
    north = json.loads((tmp_path / "yesterday" / "clusters" / "north" / "findings.json").read_text())
    for peer in north["cluster"]["peers"]:
        peer["name"] = f"x{peer['name']}"
    (tmp_path / "yesterday" / "clusters" / "north" / "findings.json").write_text(json.dumps(north))
    found = since_of(run(tmp_path / "today", fleet, since=tmp_path / "yesterday"))
    assert set(found.news) == {"west"}
    page = (tmp_path / "today" / "index.html").read_text(encoding="utf-8")
    assert "Without an earlier diagnosis (2)" in page


def test_only_what_is_new_or_worse_fails(fleet: Path, tmp_path: Path) -> None:
    options = Options(fail_on="high")
    yesterday = tmp_path / "yesterday"
    assert run(tmp_path / "today", fleet, options=options).code == 1
    assert run(tmp_path / "today", fleet, since=yesterday, options=options).code == 0
    lose_another_peer(fleet / "east")
    assert run(tmp_path / "today", fleet, since=yesterday, options=options).code == 1
    assert run(tmp_path / "today", fleet, since=yesterday, options=Options(fail_on="critical")).code == 0
    # A cluster that the earlier batch did not have fails with all of its findings.
    assert run(tmp_path / "today", fleet / "north", since=yesterday, options=options).code == 0
    (fleet / "north").rename(fleet / "south")
    assert run(tmp_path / "today", fleet / "south", since=yesterday, options=options).code == 1


@pytest.mark.parametrize(
    ("since", "message"),
    [
        ("fleet", "is not the output of an earlier batch"),
        ("nowhere", "is not the output"),
        ("today", "writes there"),
    ],
)
def test_a_wrong_folder_is_an_error(fleet: Path, tmp_path: Path, since: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(tmp_path / "today", fleet, since=tmp_path / since)
    assert not (tmp_path / "today").exists()
