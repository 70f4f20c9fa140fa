"""Prints the JSON schema of the configuration, by which editors complete and check it."""

import json

from ntkcpl.config import Config


def config_schema() -> str:
    """Return the schema as JSON text; its descriptions are the docstrings of the settings."""
    return json.dumps(Config.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(config_schema(), end="")
