"""Processes that publish: they say ``{"ready": true}``, then do one order a line of their input.

An order is ``{"targets": […], "count": n, "interval_s": s, "size_bytes": b}``: ``count``
publications, numbered from 0, to the targets in turn, one every ``interval_s`` seconds (0: one
after the other). The answer is ``{"started_s": …, "ended_s": …, "cpu_s": …}``: on the monotonic
clock, and the processor time that it took.
"""
