"""Who is eligible, in which arm, and what happened to them afterwards."""
