"""Makes the demo Oases' data anew from published structures in well-kept packages.

Only `python -m gateway.demo.make_data` needs this, with the `demo-data` dependencies installed.
"""
