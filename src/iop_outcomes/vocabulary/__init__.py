"""What can be asked, said once: each word is a frozen row with its name, its meaning, and what it allows.

Everything downstream reads these rows. A name is written as a literal here and nowhere else; a test walks the code and
holds it to that.
"""
