"""Rows of a measurement: {what, unit, ours, rivals: {name: value}, ratio, goal, met}, as JSON lines or as a table of 80 columns."""
import dataclasses
import json
import statistics


@dataclasses.dataclass
class Row:
    """One figure. ratio = ours / the best rival. met is None where there is no goal, or nothing was measured."""
    what: str
    unit: str
    ours: float | None
    rivals: dict = dataclasses.field(default_factory=dict)
    goal: str = ""
    met: bool | None = None
    quartiles: tuple | None = None   # of ours
    note: str = ""
    floors: dict = dataclasses.field(default_factory=dict)   # what nobody can be better than: not rivals
    more_is_better: bool = False                             # a rate rather than a cost

    def as_json(self):
        best = (max if self.more_is_better else min)((value for value in self.rivals.values() if value and value > 0), default=None)
        ratio = round(self.ours / best, 3) if best and self.ours is not None else None
        fields = {"what": self.what, "unit": self.unit, "ours": self.ours, "rivals": self.rivals, "ratio": ratio, "goal": self.goal, "met": self.met}
        if self.floors:
            fields["floors"] = self.floors
        if self.quartiles:
            fields["quartiles"] = self.quartiles
        if self.note:
            fields["note"] = self.note
        return fields


def spread(values):
    """(median, (lower quartile, upper quartile)) of at least one value."""
    if len(values) == 1:
        return values[0], (values[0], values[0])
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return middle, (low, high)


def short(value):
    """Three significant digits, thousands apart."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(rows):
    """Lines of at most 80 columns, unless a name is longer."""
    yield f"{'what':40} {'ours':>11} {'unit':10} {'goal':12} met"
    for row in rows:
        met = {True: "yes", False: "NO", None: ""}[row.met]
        yield f"{row.what:40} {short(row.ours):>11} {row.unit:10} {row.goal:12} {met}".rstrip()
        beside = [f"{name} {short(value)}" for name, value in (row.floors | row.rivals).items()]
        if row.quartiles:
            beside.insert(0, "quartiles " + " to ".join(map(short, row.quartiles)))
        if row.note:
            beside.append(row.note)
        yield from wrapped(beside)


def wrapped(parts):
    line = ""
    for part in parts:
        if line and len(line) + len(part) > 74:
            yield "    " + line
            line = ""
        line += ("; " if line else "") + part
    if line:
        yield "    " + line


def report(rows, as_json):
    for line in [json.dumps(row.as_json()) for row in rows] if as_json else table(rows):
        print(line)
