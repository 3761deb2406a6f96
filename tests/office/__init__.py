"""Tests of the office, on SQLite and on PostgreSQL."""
