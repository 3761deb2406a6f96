"""Measurements: each module prints its figures beside the floors of the same run."""
