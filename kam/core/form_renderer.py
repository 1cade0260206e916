"""How Django renders forms here: our own field template, no classes in Python."""

from django.forms.renderers import TemplatesSetting


class KamFormRenderer(TemplatesSetting):
    form_template_name = "components/form_fields.html"
    field_template_name = "components/field.html"
