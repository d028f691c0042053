"""The pages that operators watch."""
