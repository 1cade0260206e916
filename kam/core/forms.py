"""Form habits shared by all apps: nobody overwrites somebody else, long choice lists are searched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction
from django.http import JsonResponse
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.core.changes import StaleObjectError
from kam.core.gate import gate_open
from kam.core.writing import save_row

MATCHES = 20
MOST_DIGITS = 30  # of an amount that is written out


# --- Optimistic locking -----------------------------------------------------------------------
@dataclass(frozen=True)
class Difference:
    """A field that stands otherwise in the database than in the reader's form."""

    label: str
    theirs: str
    yours: str


@dataclass(frozen=True)
class Conflict:
    """Somebody saved the row while the reader was typing."""

    changed_by: Any
    changed_at: datetime | None
    fields: list[Difference]


class VersionedModelForm(forms.ModelForm):
    """A model form that knows which version it was opened with.

    If the row is newer, the form is not valid: `conflict` says what differs, the reader's text
    stays, and the form goes on with the newer version, so that saving again is a decision.

    All that is wrong is said at once: what a field takes, what the row's own rules say, what is there
    already, and what the operation would refuse.
    """

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    conflict: Conflict | None = None

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        self.user = user
        with gate_open("the values of a row that was loaded through the gate"):
            super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            del self.fields["version"]
        else:
            self.initial["version"] = self.instance.version

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        opened_with = cleaned.get("version")
        if opened_with is not None and opened_with != self.instance.version:
            self.note_conflict(self.instance)
        self._keep_hidden(cleaned)
        return cleaned

    def _keep_hidden(self, cleaned: dict[str, Any]) -> None:
        """A related row that the user cannot see shows as empty; sending that back must not cut the link."""
        for name, field in self.fields.items():
            if not isinstance(field, forms.ModelChoiceField) or cleaned.get(name, "") is not None:
                continue
            pk = self.initial.get(name)
            column = getattr(self.instance, f"{name}_id", None)
            if pk is not None and pk == column and not field.queryset.filter(pk=pk).exists():
                cleaned[name] = field.queryset.model._base_manager.get(pk=pk)

    def _post_clean(self) -> None:
        with blanked(self.instance, set(self.errors)):
            super()._post_clean()  # type: ignore[misc]
        self._check_taken()
        if self.errors:  # or else the operation is asked soon, and answers for itself
            try:
                self.check_operation()
            except ValidationError as error:
                self._update_errors(error)

    def check_operation(self) -> None:
        """What the operation that saves the row would refuse besides; raises `ValidationError`."""

    def _update_errors(self, errors: ValidationError) -> None:
        super()._update_errors(news(self, errors))  # type: ignore[misc]

    def _check_taken(self) -> None:
        """Uniqueness together with what the form does not show, such as the plan: Django leaves that out."""
        changed = {field.name for field in self.instance.changed_fields()}
        for model, constraints in self.instance.get_constraints():
            for constraint in constraints:
                names = set(getattr(constraint, "fields", ()))
                shown_here = names & set(self.fields)
                is_done = not shown_here or shown_here == names or not names & changed
                if is_done or names & set(self.errors):
                    continue
                try:
                    with gate_open("uniqueness check"):
                        constraint.validate(model, self.instance)
                except ValidationError as error:
                    self.add_error(shown_here.pop() if len(shown_here) == 1 else None, error.messages)

    def save(self, commit: bool = True) -> Any:
        """One row and its many-to-many relations; related rows that the user cannot see stay."""
        names = [field.name for field in self.instance._meta.many_to_many if field.name in self.cleaned_data]
        relations = {name: self.cleaned_data[name] for name in names}
        return save_row(self.instance, relations=relations, user=self.user)

    def note_conflict(self, saved: models.Model) -> None:
        """Somebody else's `saved` row stands in the database: say so, and go on from its version."""
        with gate_open("the values of a row that was loaded through the gate"):
            theirs = {**self.initial, **forms.model_to_dict(saved)}
        differences = [
            Difference(str(self[name].label), shown(field, theirs.get(name)), shown(field, self[name].data))
            for name, field in self.fields.items()
            if name != "version" and field.has_changed(theirs.get(name), self[name].data)
        ]
        self.conflict = Conflict(
            getattr(saved, "updated_by", None), getattr(saved, "updated_at", None), differences
        )
        self.data = self.data.copy()
        self.data[self.add_prefix("version")] = str(saved.version)  # type: ignore[attr-defined]
        text = _("Somebody saved this before you. Look at the differences, then save again.")
        self.add_error(None, ValidationError(text, "conflict"))


# --- All errors at once -----------------------------------------------------------------------
@contextmanager
def blanked(instance: models.Model, names: set[str]) -> Iterator[None]:
    """`instance` without the values of these fields: a rule must not judge one that the reader replaced."""
    fields = [field for field in instance._meta.concrete_fields if field.name in names]
    values = {field.attname: getattr(instance, field.attname) for field in fields}
    related = {name: row for name, row in instance._state.fields_cache.items() if name in names}
    for field in fields:
        is_text = field.empty_strings_allowed and not field.null and not field.is_relation
        setattr(instance, field.attname, "" if is_text else None)
    try:
        yield
    finally:
        for name, value in values.items():
            setattr(instance, name, value)
        instance._state.fields_cache.update(related)


def news(form: forms.BaseForm, error: ValidationError) -> ValidationError:
    """What `error` says beside the errors of the form, each at its field, of fields not shown above them.

    What is said of a field that failed already follows from that, and so does what `needs` it: an error
    that looks at several fields names the others in `params={"needs": {…}}`.
    """
    failed = set(form.errors) - {NON_FIELD_ERRORS}
    placed: dict[str, list[ValidationError]] = {}
    for name, found in error.update_error_dict({}).items():
        for item in found:
            if not failed & {name, *((item.params or {}).get("needs", ()))}:
                placed.setdefault(name if name in form.fields else NON_FIELD_ERRORS, []).append(item)
    return ValidationError(placed)


def shown_number(value: Decimal) -> str:
    """Grouped and without zeros at its end; what is too long for any field as it was typed."""
    if abs(value.adjusted()) > MOST_DIGITS:
        return str(value)
    is_whole = value == value.to_integral_value()
    return number_format(int(value) if is_whole else value.normalize(), force_grouping=True)


def shown(field: forms.Field, value: Any) -> str:
    """A value of a field in words: the label of a choice, yes or no, or the text itself."""
    if isinstance(field, forms.BooleanField):
        return _("Yes") if field.to_python(value) else _("No")
    try:
        value = field.to_python(value)
    except ValidationError:  # of a row that the user cannot see not even the id
        return "" if isinstance(field, forms.ModelChoiceField) else str(value or "")
    if value is None or value == "":
        return ""
    if isinstance(value, Decimal):
        return shown_number(value)
    if isinstance(value, date):
        return date_format(value)
    if isinstance(value, models.QuerySet | list | tuple):
        return ", ".join(str(item) for item in value)
    choices = getattr(field, "choices", None)
    if choices is not None and not isinstance(field, forms.ModelChoiceField):
        labels = {str(key): text for key, text in choices if not isinstance(text, list | tuple)}
        return str(labels.get(str(value), value))
    return str(value)


def saved(form: forms.BaseForm, save: Callable[[], Any]) -> bool:
    """Validate the form and call `save`; False, with the errors in the form, if either did not pass."""
    if not form.is_valid():
        return False
    try:
        with transaction.atomic():
            save()
    except StaleObjectError as error:
        # Between our look and our save: the row that stands now is read for what it says.
        row = type(error.instance)._base_manager.get(pk=error.instance.pk)
        form.note_conflict(row)  # type: ignore[attr-defined]
    except ValidationError as error:
        form.add_error(None, news(form, error))
    except IntegrityError:
        form.add_error(None, _("Somebody saved the same at this moment. Load the page again."))
    else:
        return True
    return False


# --- Long choice lists ------------------------------------------------------------------------
@dataclass(frozen=True)
class Typed:
    """What a search field sends: the id that was picked, and the text as it stands."""

    pk: str
    text: str | None


class SearchSelect(forms.Widget):
    """A text field that searches. Without JavaScript the text itself is looked up when it is sent."""

    template_name = "components/search_select.html"
    suffixes = ("text",)  # the second name under which it is sent

    def __init__(self, options_url: Callable[[], str] | str, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.options_url = options_url
        self.label_of: Callable[[Any], str] = str
        self.candidates: list[models.Model] = []

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Typed:
        if picked := data.get(f"{name}_pick"):
            return Typed(str(picked), None)
        text = data.get(f"{name}_text")
        return Typed(str(data.get(name) or ""), None if text is None else text.replace("\x00", "")[:200])

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data and f"{name}_text" not in data

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        typed = value if isinstance(value, Typed) else None
        if typed and typed.text is not None:
            pk, text = typed.pk, typed.text
        else:
            given = typed.pk if typed else value
            text = self.label_of(given) if given else ""
            pk = str(getattr(given, "pk", given)) if text else ""  # what the user cannot see has no label
        context["widget"] |= {
            "pk": pk,
            "text": text,
            "options_url": str(self.options_url),
            "candidates": self.candidates,
        }
        return context


class SearchChoiceField(forms.ModelChoiceField):
    """One row of many: picked by id, or found by its name where exactly one has it."""

    widget: Any
    default_error_messages = {
        "invalid_choice": gettext_lazy("Nothing by this name that you may choose. Pick one from the list."),
        "ambiguous": gettext_lazy("Several go by this name. Choose one below."),
    }

    def __init__(self, queryset: Any, *, options_url: Any, **kwargs: Any) -> None:
        super().__init__(queryset, widget=SearchSelect(options_url), **kwargs)

    def _label_of(self, value: Any) -> str:
        found = value if isinstance(value, models.Model) else self._by_pk(str(value))
        return "" if found is None else self.label_from_instance(found)

    def get_bound_field(self, form: Any, field_name: str) -> forms.BoundField:
        self.widget.label_of = self._label_of
        return super().get_bound_field(form, field_name)

    def _by_pk(self, value: str) -> models.Model | None:
        try:
            return self.queryset.filter(pk=UUID(value)).first()
        except ValueError:
            return None

    def to_python(self, value: Any) -> models.Model | None:
        if not isinstance(value, Typed):
            value = Typed(str(getattr(value, "pk", value) or ""), None)
        if (value.text is None and not value.pk) or (value.text is not None and not value.text.strip()):
            return None
        found = self._by_pk(value.pk) if value.pk else None
        if found is not None and value.text in (None, self.label_from_instance(found)):
            return found
        if value.text is None:
            raise ValidationError(self.error_messages["invalid_choice"], "invalid_choice")
        return self._by_text(value.text.strip())

    def find(self, text: str) -> models.QuerySet:
        """The rows that a text may mean."""
        return self.queryset.filter(name__icontains=text)

    def _by_text(self, text: str) -> models.Model:
        matches = list(self.find(text)[:MATCHES])
        exact = [row for row in matches if self.label_from_instance(row).casefold() == text.casefold()]
        matches = exact or matches
        if not matches:
            raise ValidationError(self.error_messages["invalid_choice"], "invalid_choice")
        if len(matches) > 1:
            self.widget.candidates = matches
            raise ValidationError(self.error_messages["ambiguous"], "ambiguous")
        return matches[0]

    def has_changed(self, initial: Any, data: Any) -> bool:
        given = data.pk if isinstance(data, Typed) and data.text != "" else data
        pk = "" if isinstance(given, Typed) else str(getattr(given, "pk", given) or "")
        return str(getattr(initial, "pk", initial) or "") != pk


def options_response(rows: models.QuerySet, *, note: Callable[[Any], str] = lambda row: "") -> JsonResponse:
    """What a search field offers: at most `MATCHES` rows."""
    options = [{"id": str(row.pk), "label": str(row), "note": note(row)} for row in rows[:MATCHES]]
    return JsonResponse({"options": options})
