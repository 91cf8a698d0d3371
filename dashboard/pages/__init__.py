"""The supervisors' and operators' pages: one file a page, `frame.py` has what all of them share."""

from dashboard.pages.frame import Sources
from dashboard.pages.register import add_pages

__all__ = ["Sources", "add_pages"]
