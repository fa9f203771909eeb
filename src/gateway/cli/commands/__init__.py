"""The commands with their options, of those who run a gateway and of those who search.

Each hands over to the module that does its work, which is imported when the command runs: no
command waits for what another one needs.
"""
