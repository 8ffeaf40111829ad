"""The account: which calls the vendor answers, and how it refuses the others."""

from collections.abc import Mapping
from dataclasses import dataclass

from thesports_simulator.protocol import replies
from thesports_simulator.protocol.endpoints import NAMES
from thesports_simulator.protocol.quota import QuotaWindow


@dataclass(slots=True)
class Account:
    """Credentials, whitelist, plan and quota. Empty `user` and `secret` accept any non-empty ones."""

    user: str
    secret: str
    quota: QuotaWindow
    plan: frozenset[str] = frozenset(NAMES)
    addresses: frozenset[str] | None = None
    is_accepted: bool = True

    def refusal(self, endpoint: str, parameters: Mapping[str, str], address: str, now: float) -> bytes | None:
        """Return the body that refuses a call, or None if the call is allowed.

        The vendor's order of checks is unknown; here it is: path, credentials, address, plan, quota.
        """
        if endpoint not in NAMES:
            return replies.NOT_THIS_URL
        if not self._has_valid_credentials(parameters):
            return replies.NOT_THIS_ACCOUNT
        if self.addresses is not None and address not in self.addresses:
            return replies.NOT_THIS_ADDRESS
        if endpoint not in self.plan:
            return replies.NOT_THIS_URL
        if not self.quota.admits(endpoint, now):
            return replies.TOO_MANY
        return None

    def _has_valid_credentials(self, parameters: Mapping[str, str]) -> bool:
        user, secret = parameters.get("user", ""), parameters.get("secret", "")
        if not (self.is_accepted and user and secret):
            return False
        return not (self.user or self.secret) or (user, secret) == (self.user, self.secret)
