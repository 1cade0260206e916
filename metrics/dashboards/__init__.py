"""What managers look at every week, over many accounts and plans; each module is one page and one address of the API."""
