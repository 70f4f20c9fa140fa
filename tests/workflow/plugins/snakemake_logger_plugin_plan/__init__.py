"""Prints Snakemake's plan as JSON, a job a line: the workflow's own messages are for people."""

import json
import logging

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent


class LogHandler(LogHandlerBase):
    """Found by Snakemake by the name of this module."""

    writes_to_stream = has_filter = True
    writes_to_file = has_formatter = needs_rulegraph = False

    def emit(self, record):
        event = getattr(record, "event", None)
        if event == LogEvent.GROUP_INFO:
            print(json.dumps({"group": record.group_id}))
        elif event == LogEvent.JOB_INFO:
            job = {
                "rule": record.rule_name,
                "wildcards": record.wildcards,
                "resources": dict(record.resources.items()),
            }
            print(json.dumps(job, default=str))
        elif record.levelno >= logging.WARNING:
            print(self.format(record))
