"""The pages under ``/voorraad/``."""
