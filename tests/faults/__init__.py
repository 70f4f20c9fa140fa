"""A campaign of faults over a finished tiny run: `make faults`, and docs/reliability.md."""
