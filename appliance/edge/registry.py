"""Which devices are registered for whom, as Kamailio tells: pure, no I/O, wall-clock seconds.

A device is one contact of one agent. What was lost just after a restart of Kamailio's is kept in doubt for
some seconds, as phones and browsers whose connection ended with it come back by themselves.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from appliance.edge.news import Registered, Unregistered, Why

Key = tuple[str, str]  # agent, contact's URI


@dataclass(frozen=True)
class Device:
    """One registration. `since_s` and `until_s` are wall-clock seconds, `since_s` of the first REGISTER.

    `phone` is its name in [phones], a browser's account, or "" where it is not known.
    """

    agent: str
    contact: str
    phone: str
    user_agent: str
    source: str  # "udp:192.0.2.7:5060"
    since_s: float
    until_s: float
    doubtful: bool = False

    @property
    def transport(self) -> str:
        """udp, tcp, tls, ws or wss, "" where it is not known."""
        return self.source.partition(":")[0]

    @property
    def title(self) -> str:
        """What a person knows it by."""
        return self.phone or self.user_agent or self.contact


@dataclass(frozen=True)
class Seen:
    """When an agent's last device was there."""

    title: str
    wall_s: float


@dataclass(frozen=True)
class Change:
    """A device came (`why` None) or is gone."""

    device: Device
    why: Why | None = None


class Registrations:
    """Agent -> devices; each method that changes them tells what came and went.

    `names` are the phones of the configuration, each with its agent.
    """

    def __init__(self, *, names: Mapping[str, str], wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._names = names
        self._devices: dict[Key, Device] = {}
        self._last: dict[str, Seen] = {}
        self._news: set[Key] = set()  # what changed since `reading_begins`: newer than what is read
        self._phones: dict[Key, str] = {}  # names that the list of locations does not tell
        self.lenient = False  # what is lost now is in doubt only, until `settle`

    def registered(self, agent: str) -> bool:
        """Whether a device of the agent's can be rung."""
        return any(device.agent == agent for device in self._devices.values())

    def devices(self, agent: str = "") -> list[Device]:
        """The agent's devices, or all, oldest first."""
        found = [device for device in self._devices.values() if agent in ("", device.agent)]
        return sorted(found, key=lambda device: (device.agent, device.since_s, device.contact))

    def last_seen(self, agent: str) -> Seen | None:
        """The last device of an agent who has none, if there was one since we look."""
        return self._last.get(agent)

    # --- news -----------------------------------------------------------------------------------------

    def take(self, news: Registered | Unregistered) -> list[Change]:
        """A device registered, or its registration ended."""
        if isinstance(news, Registered):
            return self._put(self._device(news))
        meant = [key for key, device in self._devices.items() if _means(news, device)]
        self._news.update(meant)
        why = news.why
        if why is Why.EXPIRED and any(self._devices[key].until_s > self._wall() + 1 for key in meant):
            why = Why.LOST  # Kamailio ends the time of a phone that answers no more
        return self._end(meant, why)

    def settle(self) -> list[Change]:
        """Who did not come back by now is gone."""
        self.lenient = False
        return self._end([key for key, device in self._devices.items() if device.doubtful], Why.LOST)

    def forget_all(self) -> list[Change]:
        """Kamailio is away: nobody can be reached."""
        self.lenient = False
        return self._end(list(self._devices), Why.LOST)

    # --- the list of locations ---------------------------------------------------------------------------

    def reading_begins(self) -> None:
        """The list of locations was asked for: news from now on is newer than it."""
        self._news.clear()

    def read(self, listed: Iterable[Any], phones: Any = ()) -> list[Change]:
        """Bring the devices in line with the results of `ul.lookup`, one for each agent who has devices.

        `phones` is that of `htable.dump devices`: which phone registered a contact, by Kamailio's own name
        for it (ruid). Raises ValueError for anything else, and changes nothing then.
        """
        names = _names(phones)
        found = {(device.agent, uri_of(device.contact)): device for device in self._listed(listed, names)}
        newer, self._news = self._news, set()
        came = [change for key, device in found.items() if key not in newer for change in self._put(device)]
        gone = [key for key in self._devices if key not in found and key not in newer]
        changes = [*came, *self._end(gone, Why.LOST)]
        self._phones = {key: device.phone for key, device in self._devices.items()}
        self._news.clear()
        return changes

    def _listed(self, listed: Iterable[Any], names: Mapping[str, str]) -> list[Device]:
        """Kamailio 5.6: AoR and Contacts[].Contact."""
        try:
            devices = [
                self._listed_device(str(aor["AoR"]), contact["Contact"], names)
                for aor in listed
                for contact in aor["Contacts"]
            ]
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a list of locations: {error!r}") from error
        return [device for device in devices if device is not None]

    def _listed_device(
        self, agent: str, contact: Mapping[str, Any], names: Mapping[str, str]
    ) -> Device | None:
        expires = contact["Expires"]  # a number, "permanent", "expired" or "deleted"
        if not isinstance(expires, int) and expires != "permanent":
            return None
        address, now = str(contact["Address"]), self._wall()
        key = (agent.partition("@")[0], uri_of(address))
        transport = "wss" if "transport=ws" in address.lower() else _transport(contact)
        host = _host(_set(contact.get("Received")) or address)
        return Device(
            agent=key[0],
            contact=address,
            phone=names.get(_set(contact.get("Ruid")), "") or self._phones.get(key, "") or self._named(key),
            user_agent=_set(contact.get("User-Agent")),
            source=f"{transport}:{host}" if transport else "",
            since_s=now,
            until_s=now + expires if isinstance(expires, int) else 0.0,
        )

    # --- inside -------------------------------------------------------------------------------------------

    def _device(self, news: Registered) -> Device:
        now = self._wall()
        return Device(
            agent=news.agent,
            contact=news.contact,
            phone=news.phone,
            user_agent=news.user_agent,
            source=news.source,
            since_s=now,
            until_s=now + news.expires_seconds,
        )

    def _named(self, key: Key) -> str:
        """A phone puts its user into its contact, as a rule; the list does not tell who logged in."""
        agent, uri = key
        user = uri.partition(":")[2].partition("@")[0]
        return user if self._names.get(user) == agent else ""

    def _put(self, device: Device) -> list[Change]:
        key = (device.agent, uri_of(device.contact))
        known = self._devices.get(key)
        if known is not None:
            device = replace(
                device,
                since_s=known.since_s,
                phone=device.phone or known.phone,
                user_agent=device.user_agent or known.user_agent,
                source=device.source or known.source,
            )
        self._news.add(key)
        self._devices[key] = device
        self._phones[key] = device.phone
        return [Change(device)] if known is None else []

    def _end(self, keys: Iterable[Key], why: Why) -> list[Change]:
        """What is lost in a lenient time is in doubt, everything else is gone."""
        changes = []
        for key in keys:
            if self.lenient and why is Why.LOST:
                self._devices[key] = replace(self._devices[key], doubtful=True)
                continue
            device = self._devices.pop(key)
            self._last[device.agent] = Seen(device.title, self._wall())
            changes.append(Change(device, why))
        return changes


def _names(listed: Any) -> dict[str, str]:
    """Kamailio 5.6: a list of slots, each with entries of `name` and `value`; {} for anything else."""
    slots = listed if isinstance(listed, list) else []
    rows = [row for slot in slots if isinstance(slot, dict) for row in slot.get("slot", ())]
    return {str(row["name"]): str(row["value"]) for row in rows if isinstance(row, dict) and "value" in row}


def uri_of(contact: str) -> str:
    """The URI of a contact without parameters, display name and angle brackets: news and list agree on it."""
    found = re.search(r"<([^>]*)>", contact)
    return (found[1] if found else contact).partition(";")[0].strip()


def _means(news: Unregistered, device: Device) -> bool:
    if news.agent != device.agent:
        return False
    if news.contact in ("", "*"):
        return news.phone in ("", device.phone)
    return uri_of(news.contact) == uri_of(device.contact)


def _set(value: object) -> str:
    return value if isinstance(value, str) and value != "[not set]" else ""


def _transport(contact: Mapping[str, Any]) -> str:
    """Of the socket it came by, "tls:192.0.2.1:5061"."""
    return _set(contact.get("Socket")).partition(":")[0]


def _host(uri: str) -> str:
    """host:port of a SIP URI, "" where there is none."""
    found = re.search(r"^sips?:(?:[^@]*@)?([^;?>]+)", uri)
    return found[1] if found else ""
