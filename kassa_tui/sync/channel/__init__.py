"""A webshop's channel: orders into its journal, stock to what it shows, and what tills did back to the shop.

The sync agent of a till and the office run the same engine; what differs between them is behind :mod:`.ports`.
"""
