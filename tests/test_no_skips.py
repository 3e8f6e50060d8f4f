"""The plugin behind .ci/run: no test may be skipped for want of a package there."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _plugin_can_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


TESTS = """
    import pytest

    def test_missing_tool():
        pytest.skip("baresip is not here; sudo apt-get install baresip-core")

    @pytest.fixture
    def sounds():
        pytest.skip("no speech; sudo apt-get install asterisk-core-sounds-en-wav")

    def test_missing_sounds(sounds):
        pass

    def test_other_reason():
        pytest.skip("needs a modem on the bench")
"""


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["0", "1"])
def test_only_skips_that_a_package_would_cure_fail(pytester: pytest.Pytester, workers: str) -> None:
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_subprocess("-p", "tests.no_skips", "-n", workers)
    # A skip in a fixture happens before the test runs: pytest calls that an error.
    result.assert_outcomes(failed=1, errors=1, skipped=1)


@pytest.mark.slow
def test_a_whole_file_that_skips_for_a_package_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile('import pytest\npytest.skip("sudo apt-get install gammu", allow_module_level=True)')
    result = pytester.runpytest_subprocess("-p", "tests.no_skips")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines("*its package should be here*")


@pytest.mark.slow
def test_without_the_plugin_a_missing_tool_only_skips(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    pytester.runpytest_subprocess().assert_outcomes(skipped=3)
