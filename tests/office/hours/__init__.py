"""Tests of the hours."""
