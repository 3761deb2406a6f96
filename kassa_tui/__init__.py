"""Kassa: the till. Importing this package imports nothing else."""
