"""How a real pool paces its work: when a new job comes, and how hard a share is."""
import math


class JobClock:
    """Seconds until the next job: between 20 and 120, mostly about half a minute, never regular."""

    def __init__(self, random, shortest=20.0, longest=120.0):
        self.random, self.shortest, self.longest = random, shortest, longest

    def next_gap(self):
        while True:
            gap = self.shortest + self.random.expovariate(1 / 30.0)
            if gap <= self.longest:
                return gap


class Difficulty:
    """Steers one connection to a share rate drawn once, log-uniformly, between 0.05 and 1 shares a second.

    Difficulty is in hashes a share. Each share says how long its hashes took; the estimate follows within a few shares,
    and a long silence lowers it as well.
    """

    def __init__(self, random, start, slowest=0.05, fastest=1.0):
        self.rate = math.exp(random.uniform(math.log(slowest), math.log(fastest)))
        self.value = max(1.0, start)
        self.since = None      # time of the last retarget, or of the first share
        self.hashes = 0.0      # accepted since then
        self.shares = 0

    def begin(self, now):
        self.since, self.hashes = now, 0.0

    def accept(self, now):
        """Time starts with the first share: before it the miner may have been building its dataset."""
        self.shares += 1
        if self.shares == 1:
            self.begin(now)
        else:
            self.hashes += self.value

    def retarget(self, now):
        """The new difficulty; changes by at most four times at once, as pools do."""
        waited = now - self.since
        if waited < 5:
            return self.value
        if self.shares < 2 and waited < 60:
            return self.value
        speed = max(self.hashes, self.value / 4 if waited * self.rate > 4 else 0.0) / waited
        if speed > 0:
            wished = speed / self.rate
            self.value = max(1.0, min(self.value * 4, max(self.value / 4, wished)))
            self.begin(now)
        return self.value
