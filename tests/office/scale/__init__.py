"""The rules that keep several machines possible."""
