"""`callbox flow`: what voice menus, hours and holidays do, without a call."""

from __future__ import annotations

import argparse

from appliance.console.flow_at import flow_at_options
from appliance.console.flow_draw import flow_draw_options
from appliance.console.flow_figures import flow_figures_options
from appliance.console.flow_try import flow_try_options


def flow_options(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    """Everything after `callbox flow`."""
    verbs = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    flow_at_options(
        verbs.add_parser("at", parents=[shared], help="what would happen to callers at some time")
    )
    flow_try_options(verbs.add_parser("try", parents=[shared], help="walk a flow at the keyboard"))
    flow_draw_options(verbs.add_parser("draw", parents=[shared], help="draw flows as SVG"))
    flow_figures_options(
        verbs.add_parser("figures", parents=[shared], help="who came to which node, and how it was left")
    )
