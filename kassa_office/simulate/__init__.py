"""Tills that are programs: real keys, real journals, the real messages; for load, for disorder, and for a demo's past."""
