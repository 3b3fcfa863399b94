"""Readers of files, whoever wrote them: what stands in a file as text cells, and what that means is decided elsewhere.

`formats.read` takes a file of any format by the suffix of its name; `plain_csv` reads comma-separated text of the
package's own and of publishers; `csv_text` keeps the cells of CSV from being taken for formulas.
"""
