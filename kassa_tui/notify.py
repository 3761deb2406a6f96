"""Words to systemd: the till is ready, the till is alive. Outside systemd nobody listens, and nothing happens.

The protocol is a datagram to the socket that ``NOTIFY_SOCKET`` names (sd_notify(3)); a name that begins with ``@`` is
in the abstract namespace.
"""

from __future__ import annotations

from collections.abc import Mapping

READY, ALIVE, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"


class Notify:
    """The supervisor of this process, if there is one."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")

    def tell(self, state: str) -> bool:
        """Say one thing; whether it was heard. A supervisor that does not listen is no reason to stop selling."""
        if not self._address:
            return False
        import socket

        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
                link.setblocking(False)
                link.sendto(state.encode(), address)
        except OSError:
            return False
        return True
