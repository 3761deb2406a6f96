"""Tests of the office's webshops."""
