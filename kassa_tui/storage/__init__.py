"""The only floor that speaks SQL: two SQLite files, one writer each."""
