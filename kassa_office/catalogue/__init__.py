"""Master data: articles, prices, VAT, and the feed that brings every change to the tills."""
