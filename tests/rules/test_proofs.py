"""What proves that something is over: a brute-force oracle, with few peers and small whole times."""

from hypothesis import given, settings
from hypothesis import strategies as st

from logdiag.cluster import BETWEEN_MEMBERS, Cluster
from logdiag.cluster.observed import Observed
from logdiag.rules.proofs import Proof, Proofs
from logdiag.rules.time_logic import Event

MINUTE = 60_000_000
BETWEEN = BETWEEN_MEMBERS.total_seconds() * 1_000_000
SETTLED = 5 * MINUTE
REPORTER, LOST, THIRD = "a", "b", "c"
PEERS = st.sampled_from([REPORTER, LOST, THIRD])
MINUTES = st.integers(0, 40)


def event(minute: int, host: str = REPORTER, **values: str) -> Event:
    return Event(minute * MINUTE, host, "s", "log", 1, row=1, pattern=0, values=values)


@st.composite
def proofs(draw: st.DrawFn) -> Proof:
    minute, begun = draw(MINUTES), draw(st.integers(0, 3))
    peer, other = draw(st.permutations([REPORTER, LOST, THIRD]))[:2]
    about = draw(st.sampled_from(["two", "peer", "host"]))
    values = {"two": {"peer": peer, "with": other}, "peer": {"peer": peer}, "host": {}}[about]
    return Proof(event(minute, draw(PEERS), **values), (minute - begun) * MINUTE)


def is_about(proof: Proof, *names: str) -> bool:
    values = proof.event.values
    return {values.get("peer"), values.get("with")} == set(names)


def is_hidden(since: Event, proof: Event, seen: Observed, apart: int) -> bool:
    gaps = [(one[1], two[0]) for one, two in zip(seen.spans, seen.spans[1:], strict=False)]
    if apart and proof.time - since.time <= apart:
        return False
    stopped = proof.time - seen.end > BETWEEN + apart
    return stopped or any(start < proof.time and end > since.time for start, end in gaps)


def naive_ends(
    raised: list[Event], found: list[Proof], lost: list[Event], seen: Observed, apart: dict[str, int]
) -> list[Event]:
    ends = []
    for number, since in enumerate(raised):
        then = raised[number + 1] if number + 1 < len(raised) else None
        known = [
            proof
            for proof in sorted(found, key=lambda proof: (proof.begun, proof.event))
            if proof.begun >= since.time + apart.get(proof.event.peer, 0)
        ]
        first = [proof.event for proof in known if is_about(proof, REPORTER, LOST)][:1]
        first += [proof.event for proof in known if not proof.event.values and proof.event.peer == REPORTER][
            :1
        ]
        for other in (REPORTER, THIRD, None):
            hidden = sorted(
                proof.event
                for proof in found
                if proof.event.values.get("peer") == LOST
                and proof.event.values.get("with") == other
                and proof.event > since
                and is_hidden(since, proof.event, seen, apart.get(proof.event.peer, 0))
            )[:1]
            first += [
                end
                for end in hidden
                if other != THIRD or not any(since.time - SETTLED <= one.time <= end.time for one in lost)
            ]
        end = min(first, default=None)
        if end is not None and (then is None or end < then):
            ends.append(end)
    return ends


@given(
    st.lists(MINUTES, min_size=1, max_size=3, unique=True),
    st.lists(proofs(), max_size=6),
    st.lists(MINUTES, max_size=2, unique=True),
    st.lists(MINUTES, min_size=2, max_size=4, unique=True).filter(lambda times: len(times) % 2 == 0),
    st.integers(0, 3),
)
@settings(deadline=None, max_examples=500)
def test_what_ends_a_loss(
    raised: list[int], found: list[Proof], third: list[int], seen: list[int], apart: int
) -> None:
    ends = sorted(seen)
    spans = Observed(
        tuple((start * MINUTE, end * MINUTE) for start, end in zip(ends[::2], ends[1::2], strict=True))
    )
    lost_third = [event(minute) for minute in sorted(third)]
    losses = [event(minute) for minute in sorted(raised)]
    cluster = Cluster((), {REPORTER: spans}, True, {}, {}, {(REPORTER, LOST): apart * 60.0})
    told = Proofs(found, ["peer"]).ends(losses, (LOST,), {THIRD: lost_third, LOST: losses}, cluster)
    assert told == naive_ends(losses, found, lost_third, spans, {LOST: apart * MINUTE})
