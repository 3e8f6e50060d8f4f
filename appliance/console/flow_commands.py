"""`callbox flow`: what voice menus, hours and holidays do, without a call."""

from __future__ import annotations

import argparse

from appliance.console.flow_at import flow_at_options


def flow_options(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    """Everything after `callbox flow`."""
    verbs = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    flow_at_options(
        verbs.add_parser("at", parents=[shared], help="what would happen to callers at some time")
    )
