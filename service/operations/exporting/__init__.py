"""Exports what is stored: read in the order of arrival, written part by part."""
