"""Readers and writers of each stage's file; import its submodules."""
