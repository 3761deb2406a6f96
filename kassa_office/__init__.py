"""The office: receives the journals of all tills, owns the catalogue, and shows how the shops are doing."""
