"""Kamailio and rtpengine on this machine: what is installed, what is missing, and how they are started."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.config.schema import Config

SBIN = "/usr/local/sbin:/usr/sbin:/sbin"  # not on everybody's PATH
MODULE_FOLDERS = ("/usr/lib/*/kamailio/modules", "/usr/lib/kamailio/modules", "/usr/lib64/kamailio/modules")
# A module of each Debian package that Kamailio's are spread over.
KAMAILIO_PACKAGES = {
    "kamailio": "registrar.so",
    "kamailio-sqlite-modules": "db_sqlite.so",
    "kamailio-tls-modules": "tls.so",
    "kamailio-extra-modules": "evapi.so",
}
BROWSER_PACKAGES = {"kamailio-websocket-modules": "websocket.so"}
RTPENGINE_PACKAGE = "rtpengine-daemon"
WITHOUT = {
    "phones": "no phone can register; agents whose `phone` is a SIP address are dialled all the same",
    "browsers": "browsers cannot be phones",
}


@dataclass(frozen=True)
class Installed:
    """What of the edge this machine has; missing Debian packages by what they are needed for."""

    kamailio: str  # path of the program, "" if it or a package of it is missing
    rtpengine: str
    for_phones: tuple[str, ...] = ()
    for_browsers: tuple[str, ...] = ()

    @property
    def browsers(self) -> bool:
        """Whether browsers can be served."""
        return bool(self.kamailio and self.rtpengine) and not self.for_browsers

    def complaint(self) -> str:
        """One line: what is missing, what does not work without it, how it is installed; "" if nothing."""
        missing = [*self.for_phones, *self.for_browsers]
        if not missing:
            return ""
        what = WITHOUT["phones"] if self.for_phones else WITHOUT["browsers"]
        return f"edge: {', '.join(missing)} missing, so {what}. Install: apt-get install {' '.join(missing)}"


def installed() -> Installed:
    """Look at this machine."""
    return _judge(_program("kamailio"), _program("rtpengine"), _modules())


def _judge(kamailio: str, rtpengine: str, modules: frozenset[str]) -> Installed:
    phones = _missing(KAMAILIO_PACKAGES, modules)
    if not kamailio and "kamailio" not in phones:
        phones = ("kamailio", *phones)
    browsers = _missing(BROWSER_PACKAGES, modules) + (() if rtpengine else (RTPENGINE_PACKAGE,))
    return Installed("" if phones else kamailio, rtpengine, for_phones=phones, for_browsers=browsers)


def edge_commands(
    config: Config, config_file: Path, state: Path, found: Installed
) -> dict[str, Sequence[str]]:
    """Name and command line of each program of the edge that shall run here; each prepares itself."""
    if config.edge.start == "no" or not found.kamailio:
        return {}
    names = ["rtpengine", "kamailio"] if found.browsers else ["kamailio"]
    own = ("--config", str(config_file), "--state", str(state))
    return {name: (sys.executable, "-m", "appliance.edge.start", name, *own) for name in names}


def _program(name: str) -> str:
    return shutil.which(name) or shutil.which(name, path=SBIN) or ""


def _modules() -> frozenset[str]:
    folders = [folder for pattern in MODULE_FOLDERS for folder in Path("/").glob(pattern.lstrip("/"))]
    return frozenset(path.name for folder in folders for path in folder.glob("*.so"))


def _missing(packages: dict[str, str], modules: frozenset[str]) -> tuple[str, ...]:
    return tuple(package for package, module in packages.items() if module not in modules)
