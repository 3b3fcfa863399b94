"""Steps: run as jobs, their tables read and written, and what decides whether they run again."""
