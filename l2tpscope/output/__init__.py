"""A report as text, JSON, tables."""
