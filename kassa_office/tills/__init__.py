"""Branches and tills: who may talk to the office, and how each of them is."""
