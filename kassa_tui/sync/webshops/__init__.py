"""The webshops: one contract, three connectors, and the engine that keeps counter and web equal."""
