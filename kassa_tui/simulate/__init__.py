"""Devices in software that speak the real bytes, for tests, for practice, and for whoever builds on the till."""
