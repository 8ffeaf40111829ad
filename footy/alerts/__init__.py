"""Alerts: the operator's rules over records and events. An alert is an event, so it exists once."""
