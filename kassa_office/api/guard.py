"""Requests to addresses that a person typed: never to a machine of our own network, unless it was allowed.

The address is looked up once, checked, and connected to; a name that answers another address a moment later gains
nothing by it. No redirect is followed and no proxy of the environment asked.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

CONNECT_SECONDS, ANSWER_SECONDS = 5, 10
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class PrivateAddress(Exception):
    """The host is, or may be, a machine of our own network."""


def is_public(text: str) -> bool:
    """Whether an IP address is one of the whole internet; what only wraps another is judged by that."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast


def fault_of(url: str, *, private: bool) -> str:
    """What is wrong with an address somebody typed: ``address``, ``https``, ``private``; empty where it will do."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "address"
    host = parts.hostname or ""
    plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or port == 0 or not plain:
        return "address"
    if parts.scheme != "https" and not private:
        return "https"
    literal = host.replace(".", "").isdigit() or ":" in host
    if not private and (host == "localhost" or host.endswith(".localhost") or (literal and not is_public(host))):
        return "private"
    return ""


def addresses_of(host: str, port: int, *, private: bool) -> list[tuple[Any, ...]]:
    """What the host's name leads to, as getaddrinfo has it; PrivateAddress where any of it is ours."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not private and not all(is_public(str(info[4][0])) for info in found):
        raise PrivateAddress(host)
    return list(found)


def _connect(host: str, port: int, timeout: Any) -> socket.socket:
    last: OSError | None = None
    for family, kind, protocol, _name, address in addresses_of(host, port, private=False):
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(timeout if isinstance(timeout, int | float) else CONNECT_SECONDS)
            made.connect(address)
        except OSError as error:
            made.close()
            last = error
        else:
            return made
    raise last or OSError("no address")


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self.host, self.port or 80, self.timeout)


class _Safe(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self.host, self.port or 443, self.timeout)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _Safe


class PublicOnly(HTTPAdapter):
    """Connects to public addresses only."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
        """With pools whose connections look where they go."""
        super().init_poolmanager(connections, maxsize, block, **more)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SafePool}


def session(*, private: bool) -> requests.Session:
    """For one round of requests."""
    made = requests.Session()
    made.trust_env = False
    if not private:
        made.mount("http://", PublicOnly())
        made.mount("https://", PublicOnly())
    return made


def post(through: requests.Session, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """Send; the status, or 0 and why there is none: ``address``, ``timeout``, ``tls``, ``connection``."""
    try:
        with through.post(
            url, data=body, headers=headers, timeout=(CONNECT_SECONDS, ANSWER_SECONDS), allow_redirects=False,
            stream=True,
        ) as answer:  # fmt: skip
            return answer.status_code, ""
    except PrivateAddress:
        return 0, "address"
    except requests.exceptions.SSLError:
        return 0, "tls"
    except requests.exceptions.Timeout:
        return 0, "timeout"
    except (requests.exceptions.RequestException, OSError, ValueError):
        return 0, "connection"
