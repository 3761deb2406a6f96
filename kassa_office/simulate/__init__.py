"""Tills that are programs: real keys, real journals, the real messages; for load, disorder and a demo's past."""
