"""TLS verification, certificates, and requested restarts."""

from datetime import timedelta

from ..certificates import certificate
from ..cluster import MINUTE, SECOND
from ..faults import LinkCut, Raised
from ..requested_work import EnforceTls, Restart
from ..truth import Advice, Truth, about, at, headline, truth
from .case import Case, scenario


def with_certificates(case: Case, *, bad: str = "", names: tuple[str, ...] = (), days: int = 400) -> None:
    """Give every peer a certificate. That of ``bad`` has other names or another end."""
    start = case.cluster.start
    for name, node in case.world.nodes.items():
        odd = name == bad
        alternative_names = names if odd and names else (node.peer.fqdn, case.cluster.settings.cluster_name)
        until = start + timedelta(days=days if odd else 400)
        case.kept[name].certificate = certificate(alternative_names, start - timedelta(days=500), until)


@scenario
def tls_enforced(case: Case) -> Truth:
    """TLS is set to Enforcing, and no peer has restarted. Every peer asks for a restart, the primary first."""
    case.make(2, 5, named=True)
    case.inject(EnforceTls(case.when()))
    with_certificates(case)
    names = case.cluster.names
    return truth(
        headline("incident/tls-enforcement", "medium", "open", *names),
        about("tls/verification-changed", *names),
        at("cluster/restart-required", *names, state="open"),
        advice=[Advice("restart", names, first=case.cluster.primary)],
        never=("force-config-update", "destroy"),
    )


@scenario
def tls_enforced_with_a_wrong_certificate(case: Case) -> Truth:
    """TLS is set to Enforcing while the certificate of one peer lacks the name in the list."""
    case.make(2, 4, named=True)
    host = case.one(case.cluster.names)
    case.inject(EnforceTls(case.when()))
    with_certificates(case, bad=host, names=("somebody-else.example.com",))
    names = case.cluster.names
    return truth(
        headline("incident/tls-enforcement tls/certificate-mismatch", "medium", "open", host, among=names),
        about("tls/verification-changed", *names),
        at("cluster/restart-required", *names, state="open"),
        about("tls/certificate-mismatch", host),
        never=("force-config-update", "destroy"),
    )


@scenario
def tls_enforced_and_restarted(case: Case) -> Truth:
    """TLS is set to Enforcing, and every peer was restarted, the primary first: requested work, not a fault."""
    case.make(2, 3, named=True)
    begin = case.when(8, 9)
    case.inject(EnforceTls(begin))
    with_certificates(case)
    primary = case.cluster.primary
    for number, name in enumerate((primary, *case.cluster.subordinates)):
        case.inject(Restart(begin + (2 + 5 * number) * MINUTE, name))
    return truth(None, never=("force-config-update", "restart", "reboot", "destroy"))


@scenario
def tls_enforced_and_a_peer_refused(case: Case) -> Truth:
    """After a restart with Enforcing, the certificate of a peer is refused: the databases stay disconnected.

    The host is up and answers H.323. The change is the incident. Its effects did not end, so it is more than requested
    work, and the loss of the peer may also head it.
    """
    case.make(2, 3, named=True)
    host = case.one(case.cluster.subordinates)
    begin = case.when(8, 9)
    case.inject(EnforceTls(begin))
    with_certificates(case, bad=host, names=("somebody-else.example.com",))
    restart = begin + 8 * MINUTE
    case.inject(Restart(begin + 2 * MINUTE, case.cluster.primary), Restart(restart, host))
    for other in case.others(host):
        case.world.at(restart + 3000, case.world.blocks.add, frozenset((host, other)))
    names = case.cluster.names
    return truth(
        headline("incident/tls-enforcement incident/peer-lost tls/certificate-mismatch", "medium high", "open", among=names),
        about("tls/verification-changed", *names),
        about("tls/certificate-mismatch", host),
        *(about("database/peer-down", other) for other in case.others(host)),
        allowed=("system/restart-requested", "cluster/restart-required", "cluster/communication-failure", "cluster/database-communication-failure", "database/connect-failed", "h323/peer-timeout", "replication/primary-unreachable", "replication/not-completed"),
        never=("force-config-update", "destroy"),
    )  # fmt: skip


@scenario
def certificate_expired(case: Case) -> Truth:
    """A certificate has expired: 40068, and the certificate in the snapshot shows it."""
    case.make(2, 3, named=True)
    host = case.one(case.cluster.names)
    with_certificates(case, bad=host, days=-3)
    case.inject(Raised(case.when(), host, "40068"))
    return truth(
        headline("tls/certificate-expired", "medium high", "open", host),
        at("tls/certificate-expired", host, state="open"),
        never=("force-config-update", "destroy"),
    )


@scenario
def restart_pending_on_all(case: Case) -> Truth:
    """Settings were saved and every peer asks for a restart, by 20007 or 20020, since before the log."""
    case.make(2, 4)
    alarm = case.rng.choice(("20007", "20020"))
    for name in case.cluster.names:
        case.inject(Raised(case.when(), name, alarm))
    names = case.cluster.names
    return truth(
        headline("cluster/restart-required", "medium", "open", *names),
        at("cluster/restart-required", *names, state="open"),
        advice=[Advice("restart", names, first=case.cluster.primary)],
        never=("force-config-update", "destroy"),
    )


@scenario
def restart_pending_on_one(case: Case) -> Truth:
    """One peer asks for a restart, and only this peer is restarted."""
    case.make(2, 4)
    host = case.one(case.cluster.names)
    case.inject(Raised(case.when(), host, "20007"))
    return truth(
        headline("cluster/restart-required", "medium", "open", host),
        at("cluster/restart-required", host, state="open"),
        advice=[Advice("restart", (host,))],
        never=("force-config-update", "destroy"),
    )


@scenario
def restart_pending_while_a_link_is_cut(case: Case) -> Truth:
    """Peers ask for a restart while two of them cannot reach each other: the connection comes first."""
    case.make(3, 4)
    one, two = case.some(case.cluster.names, 2)
    when = case.when()
    case.inject(LinkCut(when, (one, two)))
    for name in case.cluster.names:
        case.inject(Raised(when + case.rng.randint(30, 60) * SECOND, name, "20007"))
    return truth(
        headline("incident/peer-lost", "high", "open", one, two),
        about("database/peer-down", one, two, state="open"),
        at("cluster/restart-required", *case.cluster.names, state="open"),
        at("cluster/communication-failure", one, two, state="open"),
        at("cluster/database-communication-failure", one, two, state="open"),
        allowed=("database/connect-failed", "h323/peer-timeout", "replication/not-completed", "replication/primary-unreachable"),
        never=("force-config-update", "restart", "destroy"),
    )  # fmt: skip
