"""API views that only tests have, to see authentication, scopes and errors by themselves."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DataError, OperationalError, connection
from django.http import Http404
from django.urls import path
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.acting import acting
from apps.accounts.api.fields import MicroField
from apps.accounts.api.permissions import HasScope
from apps.accounts.errors import Conflict, InsufficientFunds, NotFound

RAISED: dict[str, Exception] = {
    "conflict": Conflict("Taken. Choose another.", code="taken", field="name"),
    "funds": InsufficientFunds("The balance does not cover it."),
    "missing": NotFound("There is no such order."),
    "http404": Http404("hidden detail"),
    "denied": PermissionDenied("hidden detail"),
    "throttled": exceptions.Throttled(wait=3),
    "data": DataError("hidden detail"),
    "database": OperationalError("hidden detail"),
    "surprise": ZeroDivisionError("hidden detail"),
}


class Order(serializers.Serializer[Any]):
    """Something with an amount."""

    side = serializers.ChoiceField(["buy", "sell"])
    size = MicroField()


class Probe(APIView):
    """Says who is acting; takes an order and gives it back in micro-units."""

    permission_classes = [HasScope("view")]

    def get(self, request: Request) -> Response:
        now = acting(request)
        return Response({"user": now.user.pk, "owner": now.owner.pk, "scopes": sorted(now.scopes)})

    def post(self, request: Request) -> Response:
        order = Order(data=request.data)
        order.is_valid(raise_exception=True)
        size = order.validated_data["size"]
        return Response({"size_micro": str(size), "size": order.data["size"]})


class Raise(APIView):
    """Raises what it is asked to."""

    def get(self, request: Request, what: str) -> Response:
        if what == "sql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT %s::bigint", ["9" * 30])
        raise RAISED[what]


def scoped(scope: str) -> Any:
    """A view that needs one scope."""
    name = f"Needs{scope.title()}"
    permission = {"permission_classes": [HasScope(scope)]}
    return type(name, (APIView,), {**permission, "get": lambda self, request: Response({})})


urlpatterns = [
    path("api/v1/probe", Probe.as_view()),
    path("api/v1/probe/<path:rest>", lambda request, rest: Probe.as_view()(request)),
    path("api/v1/raise/<slug:what>", Raise.as_view()),
    *(
        path(f"api/v1/needs/{scope}", scoped(scope).as_view())
        for scope in ("view", "trade", "transfer", "retire")
    ),
]
