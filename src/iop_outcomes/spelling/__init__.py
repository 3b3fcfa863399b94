"""One value written several ways: `forms` of a text, codes of a list (`lookup`), words of a column (`categories`),
identifiers of `people`, and dates with two readings.
"""
