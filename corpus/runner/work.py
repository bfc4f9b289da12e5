"""Verified work: lines of output become a count of finished units and their times."""
import re
import threading


class WorkMeter:
    """Fed with timestamped lines; says how much real work was done, and when. Times: seconds since the start."""

    def __init__(self, progress):
        self.progress = progress
        self.pattern = re.compile(progress.pattern)
        self.begin_pattern = re.compile(progress.begin) if progress.begin else None
        self.dataset_pattern = re.compile(progress.dataset) if progress.dataset else None
        self.rate_pattern = re.compile(progress.rate) if progress.rate else None
        self.units = 0.0
        self.times = []
        self.begun = None
        self.dataset_ms = None
        self.first_rate = None
        self.last_total = None
        self.lock = threading.Lock()

    def feed(self, source, line, seconds):
        """`source` is "program" or "peer". begin and dataset may be seen in either."""
        with self.lock:
            if self.begun is None and self.begin_pattern and self.begin_pattern.search(line):
                self.begun = seconds
            if self.first_rate is None and self.rate_pattern and self.rate_pattern.search(line):
                self.first_rate = seconds
            if self.dataset_pattern and (found := self.dataset_pattern.search(line)):
                self.dataset_ms = float(found.group(1))
            if source == self.progress.source and (found := self.pattern.search(line)):
                self.add(found, seconds)

    def add(self, found, seconds):
        number = float(found.group(1)) if found.re.groups else 1.0
        if self.progress.kind == "cumulative":
            grown = number - self.last_total if self.last_total is not None else number
            self.last_total = number
            number = grown if grown >= 0 else number  # a loop that began again counts from zero
        if number > 0:
            self.units += number
            self.times.append(seconds)

    @property
    def first_work(self):
        """Seconds of the first work: the miner's first hash, or the first finished unit."""
        if self.begun is not None:
            return min([self.begun] + self.times[:1])
        return self.times[0] if self.times else None

    def report(self, end, need):
        """What was verified by second `end`, when `need` seconds of work were asked for."""
        with self.lock:
            first = self.first_work
            last = self.times[-1] if self.times else None
            span = last - first if last is not None else 0.0
            marks = [first] + self.times + [end] if self.times else []
            gap = max((b - a for a, b in zip(marks, marks[1:])), default=0.0)
            problem = self.problem(span, gap, need)
            return {"unit": self.progress.unit, "units": round(self.units, 3), "marks": len(self.times),
                    "first_work": rounded(first), "last_work": rounded(last), "first_rate": rounded(self.first_rate), "span": rounded(span),
                    "longest_gap": rounded(gap), "dataset_ms": self.dataset_ms, "verified": not problem,
                    "problem": problem}

    def problem(self, span, gap, need):
        if not self.times:
            return f"no {self.progress.unit} seen"
        if gap > self.progress.longest_gap:
            return f"{gap:.0f} s without {self.progress.unit}"
        if span < need:
            return f"work seen for {span:.0f} s of {need:.0f} s"
        rate = self.units / max(span, 1.0) * 60
        if rate < self.progress.least_per_minute:
            return f"{rate:.2f} {self.progress.unit} a minute, at least {self.progress.least_per_minute} wanted"
        return ""


class CpuMeter:
    """CPU seconds used so far, asked now and then: how many cores were busy in the busiest minute."""

    MINUTE = 60

    def __init__(self):
        self.samples = []   # (seconds since the start, CPU seconds)

    def add(self, seconds, used):
        if used is not None:
            self.samples.append((seconds, used))

    def busiest_minute(self):
        """In cores; 0 when not a minute was seen."""
        best, begin = 0.0, 0
        for seconds, used in self.samples:
            while begin + 1 < len(self.samples) and seconds - self.samples[begin + 1][0] >= self.MINUTE:
                begin += 1
            since, before = self.samples[begin]
            if seconds - since >= self.MINUTE:
                best = max(best, (used - before) / (seconds - since))
        return round(best, 3)


def rounded(value):
    return None if value is None else round(value, 2)
