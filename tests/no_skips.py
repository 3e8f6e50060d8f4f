"""A pytest plugin, `-p tests.no_skips`: a test that skips for want of a Debian package fails instead.

The Makefile loads it when CALLBOX_NO_SKIPS is set, as .ci/run does, where every package is installed.
Such skips are known by the line that installs the package: "apt-get install" in the reason.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

MARK = "apt-get install"


def _refuse(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail") and MARK in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = (
            f"skipped although CALLBOX_NO_SKIPS is set, so its package should be here: {report.longrepr}"
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test, or its fixture, that skipped."""
    report = yield
    _refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A whole file that skipped."""
    report = yield
    _refuse(report)
    return report
