"""A line between till and office that breaks after so many bytes, in either direction, or only lets them drip."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Line:
    """Passes bytes on to ``port`` until ``up`` or ``down`` of them went through; -1 is without end."""

    def __init__(self, port: int, up: int = -1, down: int = -1) -> None:
        self.up, self.down, self._to = up, down, port
        self.seen = [0, 0]
        """Bytes of the last connection, up and down."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """No more connections."""
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                office = socket.create_connection(("127.0.0.1", self._to))
                self.seen = [0, 0]
                ends = (client, office)
                for way, (source, target) in enumerate((ends, ends[::-1])):
                    threading.Thread(target=self._pass, args=(way, source, target), daemon=True).start()

    def _pass(self, way: int, source: socket.socket, target: socket.socket) -> None:
        limit = (self.up, self.down)[way]
        with suppress(OSError):
            while data := source.recv(65536):
                room = len(data) if limit < 0 else max(limit - self.seen[way], 0)
                target.sendall(data[:room])
                self.seen[way] += min(len(data), room)
                if room < len(data):
                    break
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
