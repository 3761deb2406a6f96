"""Devices: the only floor that knows bytes, ports and drivers."""
