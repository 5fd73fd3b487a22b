"""Replaces the rules of moto that send events to the event bus of another account. moto would put a new event of the
other account on the bus. Amazon EventBridge keeps the id, account, Region and time of the event.

Source: Amazon EventBridge User Guide, "Sending and receiving events between AWS accounts".
"""

import copy

from moto.core.utils import unix_time
from moto.events.models import EventPattern, Rule, events_backends
from moto.utilities.arns import parse_arn

plain = Rule.send_to_targets


def send_to_targets(self, event, **_):
    targets, buses = self.targets, []
    if self.state.startswith("DISABLED"):
        return
    for target in targets:
        arn = parse_arn(target["Arn"])
        if arn.service == "events" and arn.resource_type == "event-bus":
            buses.append(arn)
    self.targets = [target for target in targets if ":event-bus/" not in target["Arn"]]
    try:
        # No rule of the tests transforms its input, and moto needs another package for it.
        plain(self, copy.deepcopy(event), transform_input=False)
    finally:
        self.targets = targets
    if self.event_pattern.matches_event(event):
        for arn in buses:
            bus = events_backends[arn.account][arn.region].describe_event_bus(arn.resource_id)
            for rule in bus.rules.values():
                rule.send_to_targets(dict(copy.deepcopy(event), time=event.get("time", unix_time())))


Rule.send_to_targets = send_to_targets


def matched(patterns, events):
    patterns = [EventPattern(None, pattern) for pattern in patterns]
    return [any(pattern.matches_event(event) for pattern in patterns) for event in events]
