"""From the live list to records: plan, gather, board, flatten, filter."""
