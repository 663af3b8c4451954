"""``python -m appliance``."""

import sys


def main() -> None:
    """Run the command line; who breaks it off while it is still being loaded wants to read nothing about that."""
    try:
        from appliance.cli import main as command_line
    except KeyboardInterrupt:
        sys.exit(130)
    command_line()


if __name__ == "__main__":
    main()
