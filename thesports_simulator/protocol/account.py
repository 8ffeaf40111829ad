"""Whom the vendor answers, and what it says to the others."""

from collections.abc import Mapping
from dataclasses import dataclass

from thesports_simulator.protocol import replies
from thesports_simulator.protocol.endpoints import NAMES
from thesports_simulator.protocol.quota import Turnstile


@dataclass(slots=True)
class Account:
    """Credentials, whitelist and plan. Empty `user` and `secret` mean that any that are not empty will do."""

    user: str
    secret: str
    turnstile: Turnstile
    plan: frozenset[str] = frozenset(NAMES)
    addresses: frozenset[str] | None = None
    is_accepted: bool = True

    def refusal(self, endpoint: str, asked: Mapping[str, str], address: str, now: float) -> bytes | None:
        """The body that refuses a call, or None for one to be answered.

        The order is unknown of the vendor; here it is: path, credentials, address, plan, quota.
        """
        if endpoint not in NAMES:
            return replies.NOT_THIS_URL
        if not self._knows(asked):
            return replies.NOT_THIS_ACCOUNT
        if self.addresses is not None and address not in self.addresses:
            return replies.NOT_THIS_ADDRESS
        if endpoint not in self.plan:
            return replies.NOT_THIS_URL
        if not self.turnstile.lets_pass(endpoint, now):
            return replies.TOO_MANY
        return None

    def _knows(self, asked: Mapping[str, str]) -> bool:
        user, secret = asked.get("user", ""), asked.get("secret", "")
        if not (self.is_accepted and user and secret):
            return False
        return not (self.user or self.secret) or (user, secret) == (self.user, self.secret)
