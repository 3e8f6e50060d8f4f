"""What a simulation cannot be asked for."""


class SimulationRefused(Exception):
    """The wish makes no sense; the message says what to do."""
