#!/usr/bin/env python3
"""check_quickstart JSON HTML: the quickstart's two machine-readable outputs say what the README promises."""
import datetime
import html.parser
import json
import re
import sys

story = json.load(open(sys.argv[1]))
assert set(story) == {"fleet", "applications", "plan", "run"}, sorted(story)
assert len(story["fleet"]) == 20
production = {c["name"] for c in story["fleet"] if c["labels"]["env"] == "production"}
deployed = {a["cluster"] for a in story["applications"]}
assert deployed == production, deployed ^ production

stages = story["plan"]["stages"]
assert [s["name"] for s in stages] == ["staging", "canary", "production"]
assert len(stages[1]["clusters"]) == 1
planned = [c for s in stages for c in s["clusters"]]
assert len(planned) == 20 == len({c["name"] for c in planned})
assert all(c["start"] and c["stage"] and c["reason"] for c in planned)

run = story["run"]
assert run["succeeded"]
assert all(c["state"] == "upgraded" for c in run["clusters"].values()), run["clusters"]
assert all(v == ["v1.31.0"] for v in run["versions"].values()) and len(run["versions"]) == 20, run["versions"]
# What was planned is what happened: stages in order, five days of soak, at most three a day.
times = {name: (c["started"], c["ended"]) for name, c in run["clusters"].items()}
canary = times[stages[1]["clusters"][0]["name"]]
first = min(times[c["name"]][0] for c in stages[2]["clusters"])
parse = lambda t: datetime.datetime.fromisoformat(t[:19] + "+00:00")
assert (parse(first) - parse(canary[1])).total_seconds() >= 5 * 86400
days = [times[c["name"]][0][:10] for c in stages[2]["clusters"]]
assert max(days.count(d) for d in days) <= 3, days

page = open(sys.argv[2]).read()
assert page.startswith("<!doctype html>")
assert not re.search(r"(src|href)=[\"']?(https?:)?//", page), "the report must be self-contained"
assert "prefers-color-scheme:dark" in page and "<svg" in page
assert all(name in page for name in times)


class Balanced(html.parser.HTMLParser):
    """Every tag that is opened is closed, in order."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> does not match"


parser = Balanced()
parser.feed(page)
assert not parser.open, parser.open
print(f"quickstart: {len(planned)} clusters, {len(story['applications'])} applications, "
      f"{run['summary']['apiRequests']} API requests, report {len(page)} bytes")
