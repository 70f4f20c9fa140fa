"""Figures, tables and pages from tidy results."""
