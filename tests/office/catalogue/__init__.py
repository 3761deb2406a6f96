"""Tests of articles, prices, staff and how the tills hear of them."""
