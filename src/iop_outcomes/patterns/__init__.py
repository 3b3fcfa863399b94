"""What was seen of use, interval by interval: one symbol per person and interval, and endpoints computed from them."""
