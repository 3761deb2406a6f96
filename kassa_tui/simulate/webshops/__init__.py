"""Webshops that are programs: they answer as the real ones do, oddities included, and fail where they are told to."""
