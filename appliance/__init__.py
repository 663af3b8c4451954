"""The appliance: counts what crosses which line, live, and never lies about it."""

__version__ = "0.1.0"
