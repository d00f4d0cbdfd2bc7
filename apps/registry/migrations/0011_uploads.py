"""Uploaded files of registries, and the lines that their previews refused."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.accounts.history_triggers import record_history


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0010_history_of_taxonomy"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportUpload",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("file", models.FileField(max_length=400, upload_to="", verbose_name="file")),
                ("file_name", models.CharField(max_length=255, verbose_name="file")),
                ("size_bytes", models.BigIntegerField(verbose_name="size, bytes")),
                ("sha256", models.CharField(max_length=64)),
                (
                    "registry_asked",
                    models.CharField(blank=True, max_length=20, verbose_name="registry asked for"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("uploaded", "Waiting to be read"),
                            ("previewing", "Being read"),
                            ("previewed", "Waiting for confirmation"),
                            ("confirmed", "Waiting to be imported"),
                            ("importing", "Being imported"),
                            ("imported", "Imported"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        db_default="uploaded",
                        default="uploaded",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("attempt", models.PositiveSmallIntegerField(default=0, verbose_name="attempt")),
                (
                    "uploaded_at",
                    models.DateTimeField(auto_now_add=True, verbose_name="uploaded at"),
                ),
                ("confirmed_at", models.DateTimeField(null=True, verbose_name="confirmed at")),
                ("work_started_at", models.DateTimeField(null=True, verbose_name="work started")),
                ("work_ended_at", models.DateTimeField(null=True, verbose_name="work ended")),
                ("rows_read", models.BigIntegerField(default=0, verbose_name="rows read")),
                ("bytes_read", models.BigIntegerField(default=0, verbose_name="bytes read")),
                (
                    "registry_code",
                    models.CharField(blank=True, max_length=12, verbose_name="registry"),
                ),
                ("kind", models.CharField(blank=True, max_length=40, verbose_name="kind of file")),
                ("rows", models.BigIntegerField(default=0, verbose_name="rows")),
                ("accepted", models.BigIntegerField(default=0, verbose_name="accepted")),
                ("unchanged", models.BigIntegerField(default=0, verbose_name="unchanged")),
                ("refused", models.BigIntegerField(default=0, verbose_name="refused")),
                (
                    "accepted_grams",
                    models.BigIntegerField(default=0, verbose_name="grams accepted"),
                ),
                ("changes", models.JSONField(default=list, verbose_name="what it would change")),
                (
                    "failure_code",
                    models.CharField(blank=True, max_length=40, verbose_name="failure code"),
                ),
                ("failure", models.TextField(blank=True, verbose_name="failure")),
                (
                    "cancelled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="cancelled by",
                    ),
                ),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="confirmed by",
                    ),
                ),
                (
                    "run",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="upload",
                        to="registry.importrun",
                        verbose_name="import",
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="uploaded by",
                    ),
                ),
            ],
            options={
                "verbose_name": "uploaded file",
                "verbose_name_plural": "uploaded files",
            },
        ),
        migrations.CreateModel(
            name="UploadRefusal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("line", models.BigIntegerField(verbose_name="line")),
                ("code", models.CharField(max_length=40, verbose_name="code")),
                ("message", models.TextField(verbose_name="reason")),
                ("text", models.TextField(blank=True, verbose_name="the line")),
                (
                    "upload",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="refusals",
                        to="registry.importupload",
                    ),
                ),
            ],
            options={
                "verbose_name": "refused line of a preview",
                "verbose_name_plural": "refused lines of a preview",
            },
        ),
        migrations.AddIndex(
            model_name="importupload",
            index=models.Index(fields=["sha256"], name="registry_upload_sha256"),
        ),
        migrations.AddConstraint(
            model_name="importupload",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("state__in", ["uploaded", "previewing", "previewed", "confirmed", "importing"])
                ),
                fields=("sha256",),
                name="registry_upload_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="importupload",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("run__isnull", False), ("state", "imported")),
                    models.Q(models.Q(("state", "imported"), _negated=True), ("run__isnull", True)),
                    _connector="OR",
                ),
                name="registry_upload_imported_has_run",
            ),
        ),
        migrations.AddConstraint(
            model_name="importupload",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("confirmed_by__isnull", False),
                    models.Q(("state__in", ["confirmed", "importing", "imported"]), _negated=True),
                    _connector="OR",
                ),
                name="registry_upload_confirmed_by",
            ),
        ),
        migrations.AddIndex(
            model_name="uploadrefusal",
            index=models.Index(fields=["upload", "line"], name="registry_uploadrefusal_line"),
        ),
        # How far a worker has come is not history, who decided is.
        record_history(
            "registry_importupload",
            events="INSERT OR UPDATE OF state, confirmed_by_id, cancelled_by_id OR DELETE",
            ignored=("rows_read", "bytes_read", "work_started_at", "work_ended_at", "changes"),
        ),
    ]
