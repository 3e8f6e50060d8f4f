"""One edge for all tests of a module, with fresh fake workers for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers.edge import Edge

PHONES = {
    "ana-desk": ("ana", "secret-a"),
    "ana-mobile": ("ana", "secret-m"),
    "bob-desk": ("bob", "secret-b"),
    "eve-desk": ("eve", "secret-e"),
}


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with Edge(tmp_path_factory.mktemp("edge"), phones=PHONES, edge_options="invites_a_second = 50") as edge:
        yield edge
        assert edge.alive(), "Kamailio died"
