"""Tests of the tills' side of the office."""
