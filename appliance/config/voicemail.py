"""Mailboxes: who may leave how much in them, who listens, and who is told of a new message."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from appliance.config.section import Destination, Name, Seconds, Section, To

PIN = r"^([0-9]{4,12})?$"
NUMBER = r"^\+?[0-9]{3,15}$"
ADDRESS = r"^[^@\s,;<>]+@[^@\s,;<>]+$"
Number = Annotated[str, Field(pattern=NUMBER)]
Address = Annotated[str, Field(pattern=ADDRESS)]


class Mailbox(Section):
    """Messages of callers, for the agents who own the box."""

    greeting: str = Field("", description="a name from [prompts]; the box's own greeting if left out")
    most_seconds: float = Field(180.0, ge=5, le=3600, description="length of a message")
    least_seconds: float = Field(2.0, ge=0, le=60, description="a shorter message is not kept")
    silence_seconds: float = Field(
        10.0, ge=0, le=120, description="silence that ends a message; 0 = it ends nothing"
    )
    most_messages: int = Field(100, ge=1, le=10_000, description="a box with so many is full")
    keep_days: int = Field(30, ge=0, le=3650, description="days until a message is deleted; 0 = never")
    otherwise: To = Field(
        Destination("hangup"), description="where a caller goes when the box is full or the disk is"
    )
    agents: list[Name] = Field(
        default_factory=list, description="owners: they listen with *98, their phones' lamps shine"
    )
    pin: str = Field(
        "", pattern=PIN, description='for listening from outside: * during the greeting; "" allows nobody'
    )
    sms_to: list[Number] = Field(default_factory=list, description="who gets a text message of a new message")
    sms_line: str = Field("", description="the line for it; the only one with messages if left out")
    sms_text: str = Field(
        "{box}: message from {caller}, {seconds} s, {new} new",
        max_length=300,
        description="its text, with {box}, {caller}, {seconds} and {new}",
    )
    mail_to: list[Address] = Field(default_factory=list, description="who gets an e-mail of it, by [mail]")
    mail_attach: bool = Field(True, description="with the message as a WAV file")
    hook: list[str] = Field(
        default_factory=list,
        description="program and arguments, run without a shell, told of a new message as JSON on its input",
    )
    hook_seconds: Seconds = Field(10.0, ge=1, le=300, description="then it is ended, and tried again later")


class Mail(Section):
    """The mail host that takes e-mails of the box."""

    host: str = Field("127.0.0.1", min_length=1, description="name or address of the SMTP host")
    port: int = Field(25, ge=1, le=65535, description="its TCP port")
    sender: Address = Field("callbox@localhost", description="who they come from")
