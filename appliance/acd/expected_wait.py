"""How long a caller will wait: from who is ahead, how fast agents get done, and how many callers give up.

The estimator QL+abandon (queue length with abandonment; Whitt 1999, Ibrahim and Whitt 2009; compared with
others in section 4.6 of the definitions). All lengths are seconds. Pure, and of bounded memory.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Mapping

# The mean handle time is that of so many last calls. Of 60, as section 4.6 has it, the mean itself errs by a
# tenth; 150 are two hours of five agents, and bring the error of what is told down by 1 to 2 %.
HANDLE_SAMPLES = 150
PRIOR_SAMPLES = 5  # and of so many of PRIOR_HANDLE_S, less and less, until there are enough
PRIOR_HANDLE_S = 240.0
PRIOR_ABANDONS = 0.5  # of PRIOR_WAIT_S of waiting: a patience of 3 minutes until we know better
PRIOR_WAIT_S = 90.0
REMEMBERED_WAIT_S = 8 * 3600.0  # older waiting counts for ever less, as patience changes over a day
LOW, HIGH = 0.0, 0.8416  # the 50th and the 80th percentile of a normal variable
EXACT_TERMS = 8  # the steps nearest to the agent are added one by one, the others as an integral


class Expectation:
    """What one queue has learned of its handle times and of its callers' patience.

    Tell it every handle time, and of every wait that ended either `abandoned` or `waited`.
    """

    def __init__(self, handle_s: float = PRIOR_HANDLE_S) -> None:
        self._handles: deque[float] = deque(maxlen=HANDLE_SAMPLES)
        self._prior_handle_s = handle_s
        self._abandons = 0.0
        self._waiting_s = 0.0

    def handled(self, seconds: float) -> None:
        """An agent was busy with a call of this queue for so long: ring, talk, hold and wrap-up."""
        self._handles.append(max(seconds, 0.0))

    def abandoned(self, waited_s: float) -> None:
        """A caller gave up after so long."""
        self.waited(waited_s)
        self._abandons += 1

    def waited(self, seconds: float) -> None:
        """A wait ended otherwise: an agent came, or the caller went elsewhere."""
        seconds = max(seconds, 0.0)
        kept = math.exp(-seconds / REMEMBERED_WAIT_S)
        self._abandons *= kept
        self._waiting_s = self._waiting_s * kept + seconds

    @property
    def handle_s(self) -> float:
        """The mean handle time; what was assumed at first makes way for what is known."""
        assumed = PRIOR_SAMPLES * (1 - len(self._handles) / HANDLE_SAMPLES)
        total = self._prior_handle_s * assumed + math.fsum(self._handles)
        return max(total / (assumed + len(self._handles)), 1.0)

    @property
    def patience_s(self) -> float:
        """The mean time a caller would wait before giving up; exposure over events, censored ones too."""
        return (self._waiting_s + PRIOR_WAIT_S) / (self._abandons + PRIOR_ABANDONS)

    def expected(self, ahead: int, agents: float) -> float | None:
        """The mean wait of one who stays, behind `ahead` waiting callers; None when nobody serves them.

        W = sum over i = 0..ahead of 1 / (agents * mu + i * theta): somebody must get done or give up for
        each step, and all agents are busy. `agents` counts those logged in and not paused (`shares`).
        """
        if agents <= 0:
            return None
        return self._moments(ahead, agents)[0]

    def between(self, ahead: int, agents: float) -> tuple[float, float] | None:
        """The 50th and the 80th percentile of that wait; None as `expected`.

        The wait is a sum of exponential steps; its quantiles are those of the gamma distribution with the
        same mean and variance, by Wilson and Hilferty (1931): within 1.5 % of exact (6 % at worst).
        """
        if agents <= 0:
            return None
        mean, variance = self._moments(ahead, agents)
        spread = variance / (9 * mean * mean)  # 1 / 9k for shape k
        low, high = (mean * (1 - spread + z * math.sqrt(spread)) ** 3 for z in (LOW, HIGH))
        return low, high

    def _moments(self, ahead: int, agents: float) -> tuple[float, float]:
        """Mean and variance of the sum, in a time that does not grow with `ahead`."""
        mu, theta = agents / self.handle_s, 1 / self.patience_s
        steps = max(ahead, 0) + 1
        rates = [mu + i * theta for i in range(min(steps, EXACT_TERMS))]
        mean = sum(1 / rate for rate in rates)
        variance = sum(1 / rate**2 for rate in rates)
        if left := steps - len(rates):  # the midpoint rule, exact to 1e-3 of what it adds
            first, last = mu + (EXACT_TERMS - 0.5) * theta, mu + (steps - 0.5) * theta
            mean += math.log1p(left * theta / first) / theta
            variance += left / (first * last)
        return mean, variance


def shares(queue: str, staffed: Mapping[tuple[str, ...], int], loaded: Collection[str]) -> float:
    """How many agents `queue` can count on: each by 1/k, for k queues that want the same agent now.

    `staffed`: how many agents who are logged in and not paused serve just these queues, of which `queue` is
    one; `loaded`: queues where callers wait.
    """
    return sum(
        count / (1 + sum(other in loaded for other in queues if other != queue))
        for queues, count in staffed.items()
    )
