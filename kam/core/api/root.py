"""The API's own pages: the schema, its documentation, and an answer for paths that do not exist."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import translation
from drf_spectacular.utils import OpenApiParameter, extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from kam.core.api.permissions import PUBLIC, DeclaredPolicy
from kam.core.api.views import ApiMixin, KamAPIView


@lru_cache(maxsize=8)
def _schema(generator_class: Any, language: str) -> dict[str, Any]:
    """It depends on nothing but the code and the language, and takes a second to make."""
    with translation.override(language):
        return generator_class().get_schema(request=None, public=True)


class SchemaView(ApiMixin, SpectacularAPIView):
    """The OpenAPI description of this API."""

    kam_policy = PUBLIC
    authentication_classes = ()
    permission_classes = (DeclaredPolicy,)

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(_schema(self.generator_class, translation.get_language() or "en"))


class DocsView(ApiMixin, SpectacularSwaggerSplitView):
    """Its documentation to browse and try, with assets of our own and no inline script."""

    kam_policy = PUBLIC
    authentication_classes = ()
    permission_classes = (DeclaredPolicy,)
    query_parameters = (OpenApiParameter("script", description="The page's own script."),)
    url_name = "api:schema"
    template_name = "api/docs.html"


class RootView(KamAPIView):
    """Where to find the schema and the documentation."""

    kam_policy = PUBLIC
    authentication_classes = ()

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(
            {"schema": reverse("api:schema", request=request), "docs": reverse("api:docs", request=request)}
        )


class UnknownPathView(KamAPIView):
    """404 as a problem. A path that lacks only its final slash is redirected, method and body kept."""

    kam_policy = PUBLIC
    authentication_classes = ()
    throttle_classes = ()
    schema = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not request.path.endswith("/") and _is_known(f"{request.path}/"):
            query = request.META.get("QUERY_STRING", "")
            response = HttpResponse(status=308)
            response["Location"] = request.path + "/" + (f"?{query}" if query else "")
            return response
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Http404


def _is_known(path: str) -> bool:
    try:
        match = resolve(path)
    except Resolver404:
        return False
    return getattr(match.func, "cls", None) is not UnknownPathView
