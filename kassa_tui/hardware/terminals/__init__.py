"""PIN terminals on a cable or a network: one port in front, a protocol behind it."""
