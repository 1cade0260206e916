"""What happens to plans, for the apps above."""

from django.dispatch import Signal

# A review is being held, in the same transaction: `review`.
review_held = Signal()
# What should be talked about in a review: receivers answer with lines of text. `review`, `user`.
agenda_asked = Signal()
