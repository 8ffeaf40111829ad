"""From the live list to records: plan, fetch, merge, flatten, filter."""
