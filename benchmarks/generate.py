"""Generate a synthetic log of a busy peer, of any size. The same seed gives the same log.

The mix is that of a real diagnostic log: 30 % of the bytes are SIP messages with bodies, the others are developer logs
with free text, network and Erlang records, events and a few alarms.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path

_LOCAL = timezone(timedelta(hours=-5))
_DISTINCT = 20_000
"""Number of distinct records. A longer log repeats their texts with new times."""


def _sip(rng: random.Random) -> str:
    number = rng.randrange(1000, 9999)
    method = rng.choice(("INVITE", "OPTIONS", "REGISTER", "SUBSCRIBE", "BYE", "ACK"))
    body = ""
    if method == "INVITE":
        media = "\n".join(
            f" a=rtpmap:{n} {rng.choice(('H264/90000', 'opus/48000/2', 'PCMU/8000', 'MP4A-LATM/90000'))}"
            for n in range(96, 96 + rng.randrange(4, 12))
        )
        body = (
            f" v=0\n o=- {number} 1 IN IP4 10.8.0.{number % 250}\n s=-\n c=IN IP4 10.8.0.{number % 250}\n"
            f" b=AS:6000\n t=0 0\n m=audio {number} RTP/AVP 96 97 8\n{media}\n"
        )
    return (
        f'tvcs: UTCTime="@UTC@" Module="network.sip" Level="DEBUG":  Action="Received" Local-ip="10.1.1.11" '
        f'Local-port="5061" Src-ip="10.8.0.{number % 250}" Src-port="{40000 + number}" '
        f'Msg-Hash="{rng.getrandbits(64)}"\n SIPMSG:\n |{method} sip:expa.example.com SIP/2.0\n'
        f" Via: SIP/2.0/TLS 10.8.0.{number % 250}:5061;branch=z9hG4bK{rng.getrandbits(64):x};received=10.8.0.9\n"
        f' From: "Room {number}" <sip:room{number}@example.com>;tag={rng.getrandbits(32):x}\n'
        f" To: <sip:expa.example.com>\n Call-ID: {rng.getrandbits(96):x}@10.8.0.{number % 250}\n"
        f" CSeq: {number} {method}\n Contact: <sip:room{number}@10.8.0.{number % 250}:5061;transport=tls>\n"
        f" Max-Forwards: 69\n User-Agent: ce11.5.2\n Content-Length: {len(body)}\n \n{body} |"
    )


def _developer(rng: random.Random) -> str:
    leg = rng.choice(("SipProxyLeg", "CallLeg", "MediaSession", "ZoneManager"))
    return (
        f'tvcs: UTCTime="@UTC@" Module="developer.{rng.choice(("sip.leg", "nomodule", "ice", "zone"))}" '
        f'Level="DEBUG" CodeLocation="ppcmains/sip/{leg.lower()}/{leg}.cpp({rng.randrange(9000)})" '
        f'Method="{leg}::checkTimer" Thread="0x7f{rng.getrandbits(40):010x}":  this="0x{rng.getrandbits(40):x}" '
        f'Type="{rng.choice(("Inbound", "Outbound"))}" Call-serial-number="{rng.getrandbits(48):x}" '
        f'getState()="{rng.choice(("Idle", "Calling", "Connected"))}"'
    )


def _free_text(rng: random.Random) -> str:
    words = ("checking", "the", "route", "of", "leg", "mode=on", "tokens=4", "for", "zone", "DefaultZone", "with",
             "priority", "no", "answer", "from", "peer", "retry", "(SIP)", "->", "state", "timer")  # fmt: skip
    return (
        f'tvcs: UTCTime="@UTC@" Module="developer.callrouting" Level="DEBUG" '
        f'CodeLocation="ppcmains/oak/calls/Router.cpp({rng.randrange(9000)})" Method="Router::next" '
        f'Thread="0x7f{rng.getrandbits(40):010x}":  {" ".join(rng.choice(words) for _ in range(rng.randrange(8, 30)))}'
    )


def _network(rng: random.Random) -> str:
    return (
        f'tvcs: UTCTime="@UTC@" Module="network.{rng.choice(("dns", "ldap", "http", "h323"))}" Level="DEBUG":  '
        f'Detail="Sending query" Name="host{rng.randrange(500)}.example.com" Type="A (IPv4 address)" '
        f'Dst-ip="10.1.0.{rng.randrange(250)}" Dst-port="53"'
    )


def _erlang(rng: random.Random) -> str:
    return (
        f'UTCTime="@UTC@" Module="developer.clusterdb.cdb" Level="INFO" Node="clusterdb@10.1.1.{rng.randrange(11, 14)}" '
        f'PID="<0.{rng.randrange(99, 999)}.0>" Detail="Table copied" Table="table{rng.randrange(60)}" Nodes="[clusterdb@10.1.1.11]"'
    )


def _event(rng: random.Random) -> str:
    number = rng.randrange(1000, 9999)
    return (
        f'tvcs: Event="{rng.choice(("Call Attempted", "Registration Refresh Accepted", "Call Disconnected"))}" '
        f'Service="SIP" Src-ip="10.8.0.{number % 250}" Src-port="25{number}" Src-alias-type="SIP" '
        f'Src-alias="room{number}@example.com" Call-serial-number="{rng.getrandbits(64):x}" '
        f'Tag="{rng.getrandbits(64):x}" Protocol="TLS" Auth="NO" Level="1" UTCTime="@UTC@"'
    )


def _replication(rng: random.Random) -> str:
    return (
        f'replication: UTCTime="@UTC@" Module="developer.replication" Level="INFO" '
        f'CodeLocation="clusterconfigurationutils({rng.randrange(400)})" '
        f'Detail="Remote replication of configuration completed" Peer="10.1.1.{rng.randrange(11, 14)}"'
    )


# Weights by number of records. SIP with bodies is about 30 % of the bytes.
_MIX = (
    (_sip, 11),
    (_developer, 42),
    (_free_text, 18),
    (_network, 14),
    (_erlang, 7),
    (_event, 6),
    (_replication, 2),
)


@cache
def _templates(seed: int) -> list[tuple[bytes, bytes]]:
    rng = random.Random(seed)
    makers, weights = zip(*_MIX, strict=True)
    texts = (rng.choices(makers, weights)[0](rng) for _ in range(_DISTINCT))
    parts = (text.encode().split(b"@UTC@") for text in texts)
    return [(before, after + b"\n") for before, after in parts]


def log(size: int, *, host: str = "expa01", seed: int = 1) -> Iterator[bytes]:
    """Yield a log of at least ``size`` bytes, in chunks."""
    rng = random.Random(seed)
    templates = _templates(seed)
    moment = datetime(2024, 3, 5, 9, 0, tzinfo=UTC)
    written, chunk = 0, bytearray()
    name = f" {host} ".encode()
    while written < size:
        moment += timedelta(milliseconds=rng.randrange(1, 12))
        before, after = templates[rng.randrange(_DISTINCT)]
        local = moment.astimezone(_LOCAL)
        chunk += local.isoformat(timespec="milliseconds").encode() + name + before
        chunk += (
            moment.strftime("%Y-%m-%d %H:%M:%S,").encode() + b"%03d" % (moment.microsecond // 1000) + after
        )
        if len(chunk) >= 1 << 20:
            written += len(chunk)
            yield bytes(chunk)
            chunk.clear()


def write(path: Path, size: int, *, host: str = "expa01", seed: int = 1) -> None:
    """Write a log of at least ``size`` bytes."""
    with path.open("wb") as file:
        file.writelines(log(size, host=host, seed=seed))
