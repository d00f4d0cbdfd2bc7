"""Bringing a registry's file in: upload, what it would do, confirm, how far it has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.accounts.errors import ServiceError
from apps.accounts.models import User
from apps.accounts.spreadsheets import csv_response
from apps.registry.admin.upload_page import page_of
from apps.registry.models import ImportUpload
from apps.registry.registries import REGISTRIES
from apps.registry.services.uploads import (
    may_confirm,
    may_upload,
    upload_cancel,
    upload_confirm,
    upload_create,
)

State = ImportUpload.State
STATE_COLOURS = {
    State.UPLOADED.label: "info",
    State.PREVIEWING.label: "info",
    State.PREVIEWED.label: "warning",
    State.CONFIRMED.label: "info",
    State.IMPORTING.label: "info",
    State.IMPORTED.label: "success",
    State.FAILED.label: "danger",
    State.CANCELLED.label: "default",
}


class UploadForm(forms.Form):
    """The file as the registry gives it."""

    file = forms.FileField(label=gettext_lazy("File"), widget=UnfoldAdminFileFieldWidget)
    registry = forms.ChoiceField(
        label=gettext_lazy("Registry"),
        help_text=gettext_lazy("The header tells; choose one to refuse a file of another."),
        required=False,
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(slug, facts.name) for slug, facts in REGISTRIES.items()]
        cast(forms.ChoiceField, self.fields["registry"]).choices = [
            ("", _("By its header")),
            *known,
        ]


@admin.register(ImportUpload)
class ImportUploadAdmin(ReadOnlyAdmin):
    """Files on their way in. Nothing is imported that nobody has looked at."""

    list_display = (
        *("file_name", "state_label", "registry_code", "kind", "rows", "refused", "uploaded_by"),
        *("uploaded_at", "confirmed_by"),
    )
    list_filter = ("state",)
    list_select_related: ClassVar[tuple[str, ...]] = ("uploaded_by", "confirmed_by")
    search_fields = ("=sha256", "file_name")
    ordering = ("-pk",)

    @display(description=gettext_lazy("state"), label=STATE_COLOURS)  # type: ignore[untyped-decorator]
    def state_label(self, upload: ImportUpload) -> str:
        return upload.get_state_display()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_upload(user=cast(User, request.user))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user = cast(User, request.user)
        may_act = may_upload(user=user) or may_confirm(user=user)
        return may_act or bool(super().has_view_permission(request, obj))

    def get_urls(self) -> list[URLPattern]:
        def page(pattern: str, view: Callable[..., Any], name: str) -> Any:
            safe = self.admin_site.admin_view(view)
            return path(f"<int:upload_id>/{pattern}", safe, name=f"registry_importupload_{name}")

        return [
            page("progress/", self.progress_view, "progress"),
            page("confirm/", self.confirm_view, "confirm"),
            page("cancel/", self.cancel_view, "cancel"),
            page("refused.csv", self.refused_view, "refused"),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The form, and what it sends."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                return self._upload(request, form.cleaned_data)
            except ServiceError as error:
                form.add_error("file", error.message)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Upload a registry's file"),
            "opts": self.opts,
            "form": form,
            "limit_bytes": settings.IMPORT_FILE_BYTES_MAX,
        }
        return TemplateResponse(request, "admin/registry/upload_add.html", context)

    def _upload(self, request: HttpRequest, data: dict[str, Any]) -> HttpResponse:
        upload, is_new = upload_create(
            file=data["file"], by=cast(User, request.user), registry=data["registry"]
        )
        if not is_new:
            known = _("This very file is here already: %(name)s uploaded it. Nothing was added.")
            self.message_user(request, known % {"name": upload.uploaded_by}, messages.WARNING)
        return HttpResponseRedirect(self._url(upload))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Everything about one file, and what can be done with it now."""
        upload = self._upload_of(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            **page_of(upload, after_line=request.GET.get("after", "")),
            "title": upload.file_name,
            "opts": self.opts,
            "may_confirm": may_confirm(user=cast(User, request.user)),
            "may_upload": self.has_add_permission(request),
        }
        return TemplateResponse(request, "admin/registry/upload.html", context)

    def progress_view(self, request: HttpRequest, upload_id: int) -> HttpResponse:
        """The bar alone, asked for again and again; at the end, the page as a whole."""
        upload = self._upload_of(request, upload_id)
        if not upload.is_with_worker:
            return HttpResponse(headers={"HX-Redirect": self._url(upload)})
        return TemplateResponse(request, "admin/registry/upload_progress.html", page_of(upload))

    def confirm_view(self, request: HttpRequest, upload_id: int) -> HttpResponse:
        """Lets the file in."""
        return self._step(request, upload_id, upload_confirm)

    def cancel_view(self, request: HttpRequest, upload_id: int) -> HttpResponse:
        """Leaves the file out."""
        return self._step(request, upload_id, upload_cancel)

    def refused_view(self, request: HttpRequest, upload_id: int) -> HttpResponseBase:
        """Every refused line, for a spreadsheet."""
        upload = self._upload_of(request, upload_id)
        refusals = upload.refusals.order_by("line").values_list("line", "code", "message", "text")
        return csv_response(
            name=f"refused-{upload.pk}.csv",
            header=("line", "code", "reason", "text"),
            rows=refusals.iterator(),
        )

    def _step(
        self, request: HttpRequest, upload_id: int, step: Callable[..., ImportUpload]
    ) -> HttpResponse:
        upload = self._upload_of(request, upload_id)
        if request.method == "POST":
            try:
                step(upload=upload, by=request.user)
            except ServiceError as error:
                self.message_user(request, error.message, messages.ERROR)
        return HttpResponseRedirect(self._url(upload))

    def _upload_of(self, request: HttpRequest, upload_id: Any) -> ImportUpload:
        upload = self.get_object(request, str(upload_id))
        if upload is None:
            raise Http404
        if not self.has_view_permission(request, upload):
            raise PermissionDenied
        return cast(ImportUpload, upload)

    def _url(self, upload: ImportUpload) -> str:
        return reverse("admin:registry_importupload_change", args=[upload.pk])
