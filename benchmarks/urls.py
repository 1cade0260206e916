"""The application's addresses, and bare pages of the same kind beside them."""

from django.urls import include, path

from benchmarks import bare

urlpatterns = [
    path("", include("kam.urls")),
    path("bare/opportunities/", bare.opportunities),
    path("bare/opportunities/own/", bare.own_opportunities),
    path("bare/accounts/", bare.accounts),
    path("bare/plans/", bare.plans),
    path("bare/plans/<uuid:pk>/", bare.plan),
    path("bare/portfolio/", bare.portfolio),
    path("bare/portfolio/sums/", bare.portfolio_sums),
    path("bare/api/opportunities/", bare.OpportunityViewSet.as_view({"get": "list", "post": "create"})),
]
