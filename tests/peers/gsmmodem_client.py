"""python-gsmmodem-new as a program: `python -m tests.peers.gsmmodem_client DEVICE`.

It reads a JSON list a line from standard input (a verb and its arguments) and prints a JSON object a line:
the answer of a verb, or what the modem reported by itself. Run so because the library starts threads.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

from gsmmodem.modem import GsmModem

_printing = threading.Lock()  # guards standard output: the library calls back on a thread of its own


def tell(**what: Any) -> None:
    """One line of JSON."""
    with _printing:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


class Client:
    """One modem and its last call."""

    def __init__(self, device: str) -> None:
        self._call: Any = None
        self._modem = GsmModem(
            device,
            incomingCallCallbackFunc=self._rings,
            smsReceivedCallbackFunc=lambda sms: tell(sms=sms.text, sender=sms.number),
            smsStatusReportCallback=lambda report: tell(report=report.reference, status=report.status),
        )
        self._modem.connect()
        tell(connected=True)

    def facts(self) -> None:
        """What it knows of the modem."""
        modem = self._modem
        tell(
            imei=modem.imei,
            manufacturer=modem.manufacturer,
            network=modem.networkName,
            signal=modem.signalStrength,
            number=modem.ownNumber,
        )

    def answer(self) -> None:
        """Take the call that rings."""
        self._call.answer()
        tell(answered=True)

    def keys(self, digits: str) -> None:
        """Press keys in the call."""
        self._call.sendDtmfTone(digits)
        tell(keys=digits)

    def hang_up(self) -> None:
        """End the call."""
        self._call.hangup()
        tell(hung_up=True)

    def dial(self, number: str) -> None:
        """Call a number; the far end's answer is told by itself."""
        self._call = self._modem.dial(
            number, 30, lambda call: tell(active=call.active, answered=call.answered)
        )
        tell(dialled=True)

    def send(self, number: str, text: str, wait: bool) -> None:
        """Send a message; with `wait` until its delivery report."""
        sent = self._modem.sendSms(number, text, waitForDeliveryReport=wait)
        tell(sent=sent.reference, status=sent.status)

    def ussd(self, code: str) -> None:
        """Ask the network."""
        reply = self._modem.sendUssd(code)
        tell(ussd=reply.message, more=reply.sessionActive)

    def stored(self) -> None:
        """Hand over what lies in the modem."""
        self._modem.processStoredSms()
        tell(processed=True)

    def _rings(self, call: Any) -> None:
        if call is not self._call:
            self._call = call
            tell(rings=call.number)


def main() -> None:
    """Until standard input ends."""
    client = Client(sys.argv[1])
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        try:
            getattr(client, verb)(*arguments)
        except Exception as error:  # whatever the library raises is an answer
            tell(error=repr(error))


if __name__ == "__main__":
    main()
