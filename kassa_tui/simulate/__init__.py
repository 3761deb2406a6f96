"""Devices that are programs: real bytes on a loopback port or a pseudo-terminal, and a mind that can be spoiled.

For tests, for practice at the till, and for integrators (``kassa simulate``).
"""
