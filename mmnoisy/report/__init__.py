"""One self-contained HTML page about an audit or a run, or a comparison of several."""

from .write import write_report

__all__ = ['write_report']
