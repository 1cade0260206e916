"""The sample company of `seed_demo`: one life-science business and one that sells through distributors.

Everything is invented. The data is a function of the day and nothing else: each part draws from a
random generator of its own, so the same day gives the same company down to the ids.
"""

from metrics.demo.company import create_sample_company
from metrics.demo.facts import Facts, SampleUser

__all__ = ["Facts", "SampleUser", "create_sample_company"]
