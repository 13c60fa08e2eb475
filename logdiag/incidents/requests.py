"""Work that somebody asked for: what it causes is no fault where it ended well."""

import bisect
from collections.abc import Sequence
from dataclasses import replace

from logdiag.incidents.causes import effects_of, members_under
from logdiag.model import Finding
from logdiag.rules.library import Library
from logdiag.rules.schema import Requested


def with_requests(findings: list[Finding], library: Library) -> list[Finding]:
    """Findings with what requested work explains marked as such, at info.

    Work that followed an alarm is an attempted repair and folds under it; work whose effects are not
    over in time explains nothing.
    """
    known = {finding.id: finding for finding in findings}
    effects = effects_of(findings)
    of_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        of_rule.setdefault(finding.rule, []).append(finding)
    works = sorted(
        (finding for finding in findings if library.rules[finding.rule].requested is not None),
        key=lambda finding: (finding.began, finding.id),
    )
    for work in works:
        asked = library.rules[work.rule].requested
        if asked is None or known[work.id].requested:
            continue
        members = [one for one in members_under([work], effects, known) if one.id != work.id]
        earlier = [
            one
            for rule in dict.fromkeys(asked.unless)
            for one in of_rule.get(rule, ())
            if one.began < work.began
            and (one.state != "closed" or one.ended >= work.began)
            and not _is_noise(one, known, library)
        ]
        if earlier:
            known[work.id] = replace(
                known[work.id], caused_by=(max(earlier, key=lambda one: (one.began, one.id)).id,)
            )
        elif all(_is_over(member, _last_work(member, work, works), asked) for member in members):
            for one in (work, *members):
                known[one.id] = replace(known[one.id], requested=True, severity="info")
        elif not asked.keeps:
            for id_ in effects.get(work.id, ()):
                known[id_] = replace(known[id_], caused_by=())
    return [known[finding.id] for finding in findings]


def _is_noise(finding: Finding, known: dict[str, Finding], library: Library) -> bool:
    """Whether requested work stands behind a finding, however many causes back."""
    seen: set[str] = set()
    waiting = list(finding.caused_by)
    while waiting:
        id_ = waiting.pop()
        if id_ not in seen:
            seen.add(id_)
            if library.rules[known[id_].rule].requested is not None:
                return True
            waiting += known[id_].caused_by
    return False


def _last_work(effect: Finding, work: Finding, works: Sequence[Finding]) -> Finding:
    """The last work that began before an effect was over: alarms that come and go are one finding."""
    start = bisect.bisect_left(works, work.began, key=lambda one: one.began)
    end = bisect.bisect_right(works, effect.ended, key=lambda one: one.began)
    return max(works[start:end], key=lambda one: one.ended, default=work)


def _is_over(effect: Finding, work: Finding, asked: Requested) -> bool:
    """Whether an effect of requested work ended as it should, as far as the log goes."""
    if effect.state == "seen":
        return True
    if asked.over_within is None:
        return effect.state == "closed"
    return effect.state == "open_at_end" or (
        effect.state == "closed" and effect.ended <= work.ended + asked.over_within
    )
