"""Makes the demo Oases' data anew from published structures in well-kept packages.

Only `python -m tests.making.demo` needs this, with the `data` dependencies installed.
"""
