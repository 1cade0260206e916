"""How CRM records look: the tone and icon of a stage. The words are the stage's own."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from crm.models import Stage
from kam.core.templatetags.kam import status_pill

register = template.Library()


@register.simple_tag
def stage_pill(stage: Stage) -> SafeString:
    if stage.is_won:
        return status_pill(stage.name, "ok")
    return (
        status_pill(stage.name, "neutral", "ban") if stage.is_closed else status_pill(stage.name, "info", "")
    )
