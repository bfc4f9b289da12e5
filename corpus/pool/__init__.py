"""A mining pool for recordings: both Stratum dialects, paced as real pools are. A test peer, never part of the product."""
