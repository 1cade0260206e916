"""The sample company of `seed_demo`: one life-science business and one that sells through distributors.

Everything is invented. The data is a function of the day and nothing else: each part draws from a
random generator of its own with a fixed seed, and dates are counted from today. So the same day gives
the same company down to the ids, and another day gives nearly the same one, moved.
"""

from metrics.demo.company import create_sample_company
from metrics.demo.facts import Facts, SampleUser

__all__ = ["Facts", "SampleUser", "create_sample_company"]
