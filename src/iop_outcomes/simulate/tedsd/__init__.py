"""A file shaped like TEDS-D of a year, with the margins that SAMHSA published: `generator.write`."""
