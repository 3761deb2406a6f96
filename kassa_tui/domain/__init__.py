"""Pure values and rules of the shop: no clock, no ids, no I/O, no logging."""
