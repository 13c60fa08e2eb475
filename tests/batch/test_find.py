"""What is one job: the snapshots that lie together in one folder."""

import io
import os
import tarfile
from pathlib import Path

import pytest
from clusters import cluster, log, put

from logdiag.batch.jobs import find_jobs
from logdiag.errors import InputError


def archive(path: Path, host: str) -> Path:
    content = log(host).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as file:
        entry = tarfile.TarInfo("messages.log")
        entry.size = len(content)
        file.addfile(entry, io.BytesIO(content))
    return path


def jobs(*given: Path, out: Path = Path("/nowhere")) -> dict[str, list[Path]]:
    return {job.name: [Path(one) for one in job.inputs] for job in find_jobs(given, out).jobs}


def test_a_folder_of_snapshots_is_one_job(tmp_path: Path) -> None:
    site = cluster(tmp_path / "site", "expa01", "expa02")
    archive(site / "diagnostic_expa03.tar.gz", "expa03")
    assert jobs(site) == {"site": [site]}


def test_in_a_collection_each_folder_is_a_job_however_deep(tmp_path: Path) -> None:
    all_ = tmp_path / "all"
    east = cluster(all_ / "europe" / "east", "expa01", "expa02")
    west = cluster(all_ / "europe" / "west", "expb01")
    alone = put(all_ / "alone" / "messages.log", log("expc01")).parent
    assert jobs(all_) == {"europe-east": [east], "europe-west": [west], "alone": [alone]}


def test_archives_of_a_collection_are_one_job_together(tmp_path: Path) -> None:
    all_ = tmp_path / "all"
    site = cluster(all_ / "site", "expa01", "expa02")
    loose = [archive(all_ / f"{host}.tar.gz", host) for host in ("expb01", "expb02")]
    assert jobs(all_) == {"site": [site], "all": loose}


def test_a_snapshot_alone_is_a_job_whether_it_is_a_folder_or_an_archive(tmp_path: Path) -> None:
    folder = put(tmp_path / "expa01" / "messages.log", log("expa01")).parent
    packed = archive(tmp_path / "expb01.tar.gz", "expb01")
    assert jobs(folder, packed) == {"expa01": [folder], "expb01.tar.gz": [packed]}


def test_files_beside_clusters_are_named_and_links_are_not_followed(tmp_path: Path) -> None:
    site = cluster(tmp_path / "all" / "site", "expa01", "expa02")
    put(tmp_path / "all" / "README.md", "Our clusters.\n")
    (tmp_path / "all" / "again").symlink_to(site)
    found = find_jobs([tmp_path / "all"], tmp_path / "out")
    assert [job.label for job in found.jobs] == ["all/site"]
    assert found.other_files == ("all/README.md", "all/again")


def test_the_order_of_the_folders_changes_nothing_and_names_come_once(tmp_path: Path) -> None:
    given = [cluster(tmp_path / side / "site", f"exp{side}01", "expz02") for side in "abc"]
    forwards, backwards = (find_jobs(order, tmp_path / "out").jobs for order in (given, given[::-1]))
    assert forwards == backwards
    assert [job.name for job in forwards] == ["site", "site-2", "site-3"]


def test_a_folder_that_is_given_twice_is_one_job(tmp_path: Path) -> None:
    site = cluster(tmp_path / "all" / "site", "expa01", "expa02")
    cluster(tmp_path / "all" / "other", "expb01", "expb02")
    given = [tmp_path / "all", site, site / ".." / "site"]
    assert [job.name for job in find_jobs(given, tmp_path / "out").jobs] == ["other", "site"]
    assert find_jobs(given, tmp_path / "out") == find_jobs(given[::-1], tmp_path / "out")


def test_the_output_is_passed_over_and_must_not_lie_in_a_snapshot(tmp_path: Path) -> None:
    all_ = tmp_path / "all"
    site = cluster(all_ / "site", "expa01", "expa02")
    cluster(all_ / "out" / "clusters", "expb01", "expb02")
    assert jobs(all_, out=all_ / "out") == {"site": [site]}
    with pytest.raises(InputError, match="it is in a folder that is read"):
        find_jobs([all_], site / "snapshot_expa01" / "out")


def test_what_does_not_exist_is_named_all_of_it(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        find_jobs([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    assert str(raised.value).splitlines() == [
        f"{tmp_path / name}: there is no such file or folder" for name in "ab"
    ]


def test_names_of_folders_are_plain_whatever_the_folders_are_called(tmp_path: Path) -> None:
    all_ = tmp_path / "all"
    names = ["..;rm -rf ~", "<script>", "서울", "CON…", "x" * 200, "site", "SITE"]
    for name in names:
        cluster(all_ / name, "expa01", "expa02")
    (all_ / os.fsdecode(b"\xff\xfe")).mkdir()
    found = [job.name for job in find_jobs([all_], tmp_path / "out").jobs]
    assert len({name.casefold() for name in found}) == len(found) == len(names) + 1
    assert {"rm-rf", "script", "서울", "CON", "x" * 80, "SITE", "site-2", "cluster"} == set(found)


def test_folders_inside_each_other_without_end_do_not_end_the_search(tmp_path: Path) -> None:
    deep = tmp_path / "all" / Path(*["a"] * 150)
    cluster(deep, "expa01", "expa02")
    assert len(find_jobs([tmp_path / "all"], tmp_path / "out").jobs) == 1
