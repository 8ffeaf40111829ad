"""From the live list to records: plan, gather, state, flatten, filter."""
