"""What managers look at every week, over many accounts and plans.

Each module answers one page and one address of the API.
"""
