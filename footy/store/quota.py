"""The calls that a leader made, so that the next one counts them too."""

from collections.abc import Mapping, Sequence

import msgspec

from footy.store.session import Session


class StoredQuota:
    """Saves when calls were made, as ages by the server's clock: no machine's clock is trusted."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, ages: Mapping[str, Sequence[float]]) -> None:
        """Save how many seconds ago the calls of each endpoint were made, in place of what was saved.

        Raises:
            LogError: They were not saved.
        """
        with self._session.transaction() as cursor:
            cursor.execute(
                "INSERT INTO quota (at, ages) VALUES (clock_timestamp(), %s) ON CONFLICT (singleton)"
                " DO UPDATE SET at = excluded.at, ages = excluded.ages",
                (msgspec.json.encode(ages).decode(),),
            )

    def load(self) -> dict[str, list[float]]:
        """Return how many seconds ago the calls of each endpoint were made; empty if nothing was saved.

        Raises:
            LogError: They cannot be read.
        """
        rows = self._session.query(
            "SELECT ages::text, extract(epoch FROM clock_timestamp() - at)::float8 FROM quota"
        )
        if not rows:
            return {}
        saved = msgspec.json.decode(rows[0][0], type=dict[str, list[float]])
        since = max(0.0, rows[0][1])
        return {name: [age + since for age in ages] for name, ages in saved.items()}
