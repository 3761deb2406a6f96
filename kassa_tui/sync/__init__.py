"""What leaves the till over the network: the wire to the office, its client, and the agent that runs on a schedule."""
