"""Records that peers log all the time and that mean nothing: SIP with bodies, DNS, support log."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from .cluster import MINUTE, SECOND
from .records import UTC_MARK

if TYPE_CHECKING:
    from .world import Node

MARK = "-- MARK --"


def sip(
    rng: Random, node: "Node", *, agent: str = "ce11.5", method: str = "OPTIONS", body: tuple[str, ...] = ()
) -> str:
    """Return a received SIP message at level DEBUG. Its lines are indented by one blank."""
    number = rng.randrange(1000, 9999)
    lines = (
        f"|{method} sip:{node.peer.fqdn} SIP/2.0",
        f"Via: SIP/2.0/TLS 10.8.0.{number % 250}:5061;branch=z9hG4bK{number}",
        f'From: "Room {number}" <sip:room{number}@example.com>;tag=a{number}',
        f"To: <sip:{node.peer.fqdn}>",
        f"Call-ID: {number}@10.8.0.{number % 250}",
        f"CSeq: {number} {method}",
        f"User-Agent: {agent}",
        f'Authorization: Digest username="room{number}", realm="example.com", nonce="<CONCEALED>"',
        f"Content-Length: {sum(len(line) + 2 for line in body)}",
        "",
        *body,
        "|",
    )
    head = (
        f'tvcs: UTCTime="{UTC_MARK}" Module="network.sip" Level="DEBUG":  Action="Received" '
        f'Local-ip="{node.peer.address}" Local-port="5061" Src-ip="10.8.0.{number % 250}" Src-port="{40_000 + number}" '
        f'Msg-Hash="{rng.getrandbits(64)}"'
    )
    return "\n".join((head, " SIPMSG:", *(f" {line}" for line in lines), ""))


def dns(rng: Random, node: "Node") -> str:
    name = rng.choice(("sip.example.com", "_sips._tcp.example.org", "ntp1.example.com"))
    return (
        f'tvcs: UTCTime="{UTC_MARK}" Module="network.dns" Level="DEBUG":  Detail="Sending DNS query" '
        f'Name="{name}" Type="A (IPv4 address)"'
    )


def support(rng: Random, node: "Node") -> str:
    return (
        f'tvcs: UTCTime="{UTC_MARK}" Module="developer.sip.leg" Level="DEBUG" '
        f'CodeLocation="ppcmains/sip/sipproxy/SipProxyLeg.cpp({rng.randrange(100, 9000)})" '
        f'Method="SipProxyLeg::checkTimer" Thread="0x7f{rng.getrandbits(40):010x}":  this="0x{rng.getrandbits(40):x}" '
        f'Type="Inbound" isNettleLeg()="false"CollabEdge mode=on tokens={rng.randrange(9)}'
    )


NOISE: tuple[tuple[int, Callable[[Random, "Node"], str]], ...] = (
    (150 * SECOND, sip),
    (4 * MINUTE, dns),
    (5 * MINUTE, support),
)
