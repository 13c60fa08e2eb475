"""Print the score of logdiag over scenarios and seeds as a table, and a line for each miss.

python -m tests.simulator --seeds 20
python tests/simulator/score.py --seeds 3 --scenario link-cut
python -m tests.simulator --seeds 3 --rule database/peer-down
python -m tests.simulator --scenario split-brain --write /tmp/out
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

if __package__ in (None, ""):  # run as a script: find the package in the parent folder
    sys.path.insert(0, str(Path(__file__).parent.parent))
    __package__ = "simulator"

from logdiag.model import Diagnosis
from logdiag.pipeline import examine
from logdiag.reading import read
from logdiag.records import Want
from logdiag.rules.library import Library, load
from logdiag.rules.selection import Selection, collect_conditions

from .judge import Verdict, judge
from .scenarios import SCENARIOS, Played, play


@dataclass(frozen=True)
class Score:
    """Sums over verdicts. Shares are between 0 and 1, and 1 if there was nothing to judge."""

    cases: int
    precision: float
    recall: float
    states: float
    headlines: float
    remedies: float
    danger: int


def score(verdicts: Sequence[Verdict]) -> Score:
    right = sum(v.right for v in verdicts)
    remedies = [v.remedy for v in verdicts if v.remedy is not None]
    return Score(
        cases=len(verdicts),
        precision=_share(right, right + sum(v.wrong for v in verdicts)),
        recall=_share(right, right + sum(v.missed for v in verdicts)),
        states=_share(sum(v.states_right for v in verdicts), sum(v.states for v in verdicts)),
        headlines=_share(sum(v.headline for v in verdicts), len(verdicts)),
        remedies=_share(sum(remedies), len(remedies)),
        danger=sum(v.danger for v in verdicts),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


@cache
def _library() -> Library:
    return load()


@cache
def _selection() -> Selection:
    return Selection(collect_conditions(_library()))


def diagnose_case(played: Played) -> Diagnosis:
    """Return the diagnosis of a case."""
    want = Want(_selection(), texts=True, digests=True)
    tables = read(played.bundles, want=want, engine="compiled", jobs=1)  # type: ignore[arg-type]
    return examine(tables, _library())


def judge_case(case: tuple[str, int]) -> Verdict:
    """Return the verdict on one scenario with one seed."""
    played = play(*case)
    return judge(played, diagnose_case(played))


def judge_cases(cases: Sequence[tuple[str, int]], jobs: int) -> list[Verdict]:
    if jobs == 1:
        return [judge_case(case) for case in cases]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(judge_case, cases, chunksize=4))


def table(found: Sequence[Verdict]) -> str:
    """Return a table with a line for each scenario, and one for all."""
    by_name: dict[str, list[Verdict]] = {}
    for one in found:
        by_name.setdefault(one.scenario, []).append(one)
    lines = [f"{'scenario':40} cases  prec.  recall  state  headl.  remedy  danger"]
    for name, some in [*sorted(by_name.items()), ("TOTAL", list(found))]:
        s = score(some)
        shares = (s.precision, s.recall, s.states, s.headlines, s.remedies)
        lines.append(
            f"{name:40} {s.cases:5}" + "".join(f"  {share:5.2f}" for share in shares) + f"  {s.danger:6}"
        )
    return "\n".join(lines)


def about_rule(found: Iterable[Verdict], rule: str) -> str:
    """Return all expected and found items of a rule, by case."""
    lines = []
    for one in found:
        lines_of_rule = one.rules.get(rule, [])
        missed = [miss for miss in one.misses if rule in miss]
        if lines_of_rule or missed:
            mark = "MISS" if missed else "ok"
            lines.append(f"{one.scenario}/{one.seed} {mark}")
            lines += [f"    {line}" for line in (*sorted(lines_of_rule), *missed)]
    return "\n".join(lines) or f"no case expects or finds {rule}"


def write(played: Played, folder: Path) -> None:
    """Write the snapshots of a case as folders, and its truth."""
    for one in played.bundles:
        place = folder / one.name
        place.mkdir(parents=True, exist_ok=True)
        for source, content in one.files.items():
            (place / source).write_bytes(content)
    truth = played.truth
    lines = [f"{played.name}/{played.seed}: {(SCENARIOS[played.name].__doc__ or '').strip()}", ""]
    lines += [f"peers {', '.join(played.cluster.names)}; the primary is {played.cluster.primary}"]
    lines += [f"headline {truth.headline}", *map(str, truth.expected), f"allowed {sorted(truth.allowed)}"]
    lines += [*map(str, truth.advice), f"never {sorted(truth.never)}", str(played.dangers), ""]
    (folder / "TRUTH.txt").write_text("\n".join(lines), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3, help="seeds 1 to N of each scenario")
    parser.add_argument("--seed", type=int, help="this seed only")
    parser.add_argument("--scenario", action="append", choices=sorted(SCENARIOS), help="may be repeated")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--rule", help="everything about one rule")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write the cases to DIR/SCENARIO/SEED")
    parser.add_argument("--quiet", action="store_true", help="the table only")
    given = parser.parse_args(arguments)
    seeds = range(1, given.seeds + 1) if given.seed is None else [given.seed]
    cases = [(name, seed) for name in given.scenario or SCENARIOS for seed in seeds]
    if given.write is not None:
        for name, seed in cases:
            write(play(name, seed), given.write / name / str(seed))
        return 0
    found = judge_cases(cases, given.jobs)
    if given.rule is not None:
        print(about_rule(found, given.rule))
        return 0
    print(table(found))
    if not given.quiet:
        for one in found:
            for miss in one.misses:
                print(f"{one.scenario}/{one.seed}: {miss}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
