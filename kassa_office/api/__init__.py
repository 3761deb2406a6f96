"""The REST API for other programs, and webhooks to them."""
