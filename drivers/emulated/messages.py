"""Text messages of an emulated modem: its memories, the commands of 3GPP 27.005, what arrives.

PDU mode is here; what text mode shows instead is in `textmode.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from drivers.emulated.atface import Later, Refused
from drivers.emulated.family import Family
from drivers.emulated.host import Host
from drivers.emulated.network import Exchange
from drivers.emulated.sms_centre import NUMBER, NotTaken
from drivers.emulated.storage import ALL, READ, SENT, UNREAD, UNSENT, Memory, Stored, tpdu_octets
from drivers.emulated.textmode import TextMode
from drivers.emulated.ussd import UssdFace
from drivers.messages import TextPart
from drivers.sms import decode
from drivers.sms.octets import INTERNATIONAL
from drivers.sms.pdu import KIND, STATUS_REPORT, SUBMIT

SEND_SECONDS = 0.2  # from the text to +CMGS
ACK_SECONDS = 15.0  # a message handed over under AT+CSMS=1 waits so long for AT+CNMA
DELETE_READ, DELETE_SENT, DELETE_MINE, DELETE_ALL = 1, 2, 3, 4  # <delflag>, 27.005 3.5.4
NOT_ALLOWED, BAD_PDU, BAD_INDEX, MEMORY_FULL, NO_NETWORK, NO_ACK_WANTED = 302, 304, 321, 322, 331, 340

Answer = Iterable[str | None]


class Mailbox:
    """One modem's. `take` is how the centre delivers (`sms_centre.Station`)."""

    def __init__(self, host: Host, network: Exchange, *, later: Later, family: Family) -> None:
        self.name = host.name
        self.memories = {name: Memory(name, size) for name, size in family.memories.items()}
        self._host = host
        self._centre = network.sms
        self._later = later
        self._full_report = family.full_report
        self._text = TextMode(host)
        self._ussd = UssdFace(host, network.ussd, later=later, is_packed=family.ussd_packed)
        self._unacknowledged: list[str] = []  # handed over, AT+CNMA is awaited
        self.boot()
        network.sms.register(self)

    @property
    def number(self) -> str:
        return self._host.number

    def boot(self) -> None:
        """Settings as after power-up; the memories keep what they have."""
        self._chosen = ["SM", "SM", "SM"]  # mem1 reads and deletes, mem2 writes and sends, mem3 receives
        self._text.boot()
        self._ussd.boot()
        self._routing = [2, 1, 0, 0, 0]  # AT+CNMI: mode, mt, bm, ds, bfr
        self._service = 1  # AT+CSMS
        self._centre_address = f'"{NUMBER}",{INTERNATIONAL}'
        self._unacknowledged.clear()

    def restarted(self) -> None:
        """The modem has come up."""
        self._centre.room_again(self)
        self._announce_again()

    def commands(self) -> dict[str, Callable[[str], Answer]]:
        """By name, as `Modem` wants them."""
        return {
            "+CPMS": self._cpms,
            "+CNMI": self._cnmi,
            "+CSMS": self._csms,
            "+CSCA": self._csca,
            "+CMGL": self._cmgl,
            "+CMGR": self._cmgr,
            "+CMGD": self._cmgd,
            "+CMGS": self._cmgs,
            "+CMGW": self._cmgw,
            "+CMSS": self._cmss,
            "+CNMA": self._cnma,
            "+CUSD": self._ussd.command,
            **self._text.commands(),
        }

    # --- what arrives -----------------------------------------------------------------------------------

    def take(self, pdu: str) -> bool:
        """A message or status report from the centre; False when it cannot be taken now."""
        if not self._host.registered or self._unacknowledged:
            return False
        is_report = _kind(pdu) == STATUS_REPORT
        mode = self._routing[3] if is_report else self._routing[1]
        if not is_report and "class0-direct" in self._host.faults and _is_class_0(pdu):
            mode = 2
        if is_report and mode == 0:
            return True  # nobody wants to know
        if (is_report and mode == 1) or (not is_report and mode in (2, 3)):
            return self._hand_over(pdu, is_report)
        return self._store(pdu, is_report)

    def _hand_over(self, pdu: str, is_report: bool) -> bool:
        if self._text.on:
            self._host.say(self._text.handed_over(pdu, is_report))
        else:
            head = f"+CDS: {tpdu_octets(pdu)}" if is_report else f"+CMT: ,{tpdu_octets(pdu)}"
            self._host.say(f"{head}\r\n{pdu}")
        if self._service == 1:
            self._unacknowledged.append(pdu)
            self._later(ACK_SECONDS, lambda: self._not_acknowledged(pdu))
        return True

    def _not_acknowledged(self, pdu: str) -> None:
        """27.005 3.4.1: nothing is handed over any more, and the centre tries again."""
        if pdu in self._unacknowledged:
            self._unacknowledged.remove(pdu)
            self._routing[1] = self._routing[3] = 0
            self._centre.send_pdu(self, pdu)

    def _store(self, pdu: str, is_report: bool) -> bool:
        name = "SR" if is_report and "SR" in self.memories else self._chosen[2]
        if "F17a" in self._host.faults and not is_report:
            name = "ME" if name == "SM" else "SM"
        memory = self.memories[name]
        if memory.is_full or "F17" in self._host.faults:
            if self._full_report:
                self._host.say(self._full_report.format(name))
            return False
        place = memory.add(Stored(pdu, UNREAD))
        if self._routing[3 if is_report else 1] and "F17b" not in self._host.faults:
            self._announce(memory, place, is_report)
            self._announce_again()
        return True

    def _announce(self, memory: Memory, place: int, is_report: bool) -> None:
        self._host.say(f'{"+CDSI" if is_report else "+CMTI"}: "{memory.name}",{place}')

    def _announce_again(self) -> None:
        if "F18" not in self._host.faults:
            return
        for memory in self.memories.values():
            for place, stored in memory.of(ALL):
                if stored.stat in (UNREAD, READ):
                    self._announce(memory, place, _kind(stored.pdu) == STATUS_REPORT)

    # --- settings ---------------------------------------------------------------------------------------

    def _cpms(self, tail: str) -> Answer:
        if tail == "=?":
            names = ",".join(f'"{name}"' for name in self.memories)
            return [f"+CPMS: ({names}),({names}),({names})"]
        if tail == "?":
            return ["+CPMS: " + ",".join(f'"{name}",{self._room(name)}' for name in self._chosen)]
        wanted = re.findall(r'"(\w*)"', tail) or re.findall(r"\w+", tail)
        if not wanted or any(name not in self.memories for name in wanted):
            raise _refused(NOT_ALLOWED)
        self._chosen[: len(wanted)] = wanted[:3]
        return ["+CPMS: " + ",".join(map(self._room, self._chosen))]

    def _room(self, name: str) -> str:
        memory = self.memories[name]
        return f"{len(memory.places)},{memory.size}"

    def _cnmi(self, tail: str) -> Answer:
        if tail == "=?":
            return ["+CNMI: (0,1,2),(0,1,2,3),(0,2),(0,1,2),(0,1)"]
        if tail == "?":
            return ["+CNMI: " + ",".join(map(str, self._routing))]
        values = [int(value) for value in re.findall(r"\d+", tail)]
        if not values or any(value > most for value, most in zip(values, (2, 3, 2, 2, 1), strict=False)):
            raise _refused(NOT_ALLOWED)
        self._routing[: len(values)] = values[:5]
        return []

    def _csms(self, tail: str) -> Answer:
        if tail == "=?":
            return ["+CSMS: (0,1)"]
        if tail == "?":
            return [f"+CSMS: {self._service},1,1,1"]
        self._service = 1 if tail == "=1" else 0
        return ["+CSMS: 1,1,1"]

    def _csca(self, tail: str) -> Answer:
        if tail == "?":
            return [f"+CSCA: {self._centre_address}"]
        if tail not in ("", "=?"):
            self._centre_address = tail[1:]
        return []

    # --- reading and deleting -----------------------------------------------------------------------------

    def _reading(self) -> Memory:
        return self.memories[self._chosen[0]]

    def _cmgl(self, tail: str) -> Answer:
        if tail == "=?":
            return ["+CMGL: " + self._text.kinds()]
        stat = self._text.kind(tail.removeprefix("="))
        if stat is None:
            raise _refused(BAD_PDU)
        lines = []
        for place, stored in list(self._reading().of(stat)):
            if self._text.on:
                lines.append(self._text.listed(place, stored))
            else:
                lines.append(f"+CMGL: {place},{stored.stat},,{stored.length}\r\n{stored.pdu}")
            _mark_read(stored)
        return lines

    def _cmgr(self, tail: str) -> Answer:
        if tail == "=?":
            return []
        stored = self._reading().places.get(_place(tail))
        if stored is None:
            return self._empty_place()
        shown = (
            self._text.shown(stored) if self._text.on else f"{stored.stat},,{stored.length}\r\n{stored.pdu}"
        )
        _mark_read(stored)
        return [f"+CMGR: {shown}"]

    def _empty_place(self) -> Answer:
        if "F19" in self._host.faults:
            return []
        if "F19e" in self._host.faults:
            self._host.say("ERROR")
            return []
        raise _refused(BAD_INDEX)

    def _cmgd(self, tail: str) -> Answer:
        memory = self._reading()
        if tail == "=?":
            return [f"+CMGD: ({','.join(map(str, memory.places))}),(0-4)"]
        flag = re.fullmatch(r"=\d+, *(\d)", tail)
        if "undeletable" in self._host.faults:
            return []
        if flag is None or flag[1] == "0":
            if not 1 <= _place(tail) <= memory.size:
                raise _refused(BAD_INDEX)
            memory.places.pop(_place(tail), None)
        else:
            most = {DELETE_READ: (READ,), DELETE_SENT: (READ, SENT), DELETE_MINE: (READ, SENT, UNSENT)}
            doomed = most.get(int(flag[1]), (UNREAD, READ, UNSENT, SENT))
            for place, stored in list(memory.of(ALL)):
                if stored.stat in doomed:
                    del memory.places[place]
        self._centre.room_again(self)
        return []

    # --- sending ------------------------------------------------------------------------------------------

    def _cmgs(self, tail: str) -> Answer:
        if tail == "=?":
            return []
        self._host.prompt(lambda typed: self._typed(tail, typed, self._send))
        return [None]

    def _cmgw(self, tail: str) -> Answer:
        if tail == "=?":
            return []
        self._host.prompt(lambda typed: self._typed(tail, typed, self._write))
        return [None]

    def _typed(self, tail: str, typed: str, use: Callable[[str], None]) -> None:
        pdu = self._text.submitted(tail, typed) if self._text.on else typed.strip()
        octets = tpdu_octets(pdu)
        if octets < 1 or (not self._text.on and _place(tail) != octets):
            self._host.finish(f"+CMS ERROR: {BAD_PDU}")
        else:
            use(pdu.upper())

    def _send(self, pdu: str) -> None:
        self._later(SEND_SECONDS, lambda: self._sent("+CMGS", pdu))

    def _sent(self, command: str, pdu: str) -> None:
        if not self._host.registered:
            self._host.finish(f"+CMS ERROR: {NO_NETWORK}")
            return
        try:
            reference = self._centre.submit(self, pdu[-2 * tpdu_octets(pdu) :])
        except NotTaken as refused:
            self._host.finish(f"+CMS ERROR: {refused.code}")
            return
        self._host.say(f"{command}: {reference}")
        self._host.finish("OK")

    def _write(self, pdu: str) -> None:
        memory = self.memories[self._chosen[1]]
        if memory.is_full:
            self._host.finish(f"+CMS ERROR: {MEMORY_FULL}")
            return
        self._host.say(f"+CMGW: {memory.add(Stored(pdu, READ if _kind(pdu) != SUBMIT else UNSENT))}")
        self._host.finish("OK")

    def _cmss(self, tail: str) -> Answer:
        stored = self.memories[self._chosen[1]].places.get(_place(tail))
        if stored is None or stored.stat not in (UNSENT, SENT):
            raise _refused(BAD_INDEX)
        stored.stat = SENT
        self._later(SEND_SECONDS, lambda: self._sent("+CMSS", stored.pdu))
        return [None]

    def _cnma(self, tail: str) -> Answer:
        if tail == "=?":
            return ["+CNMA: (0-2)"]
        if not self._unacknowledged:
            raise _refused(NO_ACK_WANTED)
        self._unacknowledged.pop(0)
        self._centre.room_again(self)
        return []


def _refused(code: int) -> Refused:
    return Refused(code, "CMS")


def _place(tail: str) -> int:
    found = re.match(r"=(\d+)", tail)
    return int(found[1]) if found else -1


def _kind(pdu: str) -> int:
    """TP-MTI; 0 for nonsense."""
    octets = bytes.fromhex(pdu)
    at = 1 + octets[0] if octets else 0
    return octets[at] & KIND if at < len(octets) else 0


def _is_class_0(pdu: str) -> bool:
    arrival = decode("", pdu)
    return isinstance(arrival, TextPart) and arrival.message_class == 0


def _mark_read(stored: Stored) -> None:
    if stored.stat == UNREAD:
        stored.stat = READ
