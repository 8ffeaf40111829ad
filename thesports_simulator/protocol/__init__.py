"""The vendor's protocol: requests, replies, the account and its quotas."""
