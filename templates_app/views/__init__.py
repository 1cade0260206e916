from templates_app.views.exchange import library_export, library_import
from templates_app.views.goals import (
    goal_create,
    goal_delete,
    goal_detail,
    goal_list,
    goal_reorder,
    goal_template_add,
    goal_template_remove,
    goal_update,
)
from templates_app.views.items import item_create, item_delete, item_update, items_reorder
from templates_app.views.library import library_home
from templates_app.views.templates import (
    template_compare,
    template_copy,
    template_create,
    template_delete,
    template_detail,
    template_list,
    template_new_draft,
    template_update,
)
from templates_app.views.versions import version_delete, version_detail, version_publish, version_retire

__all__ = [
    "goal_create",
    "goal_delete",
    "goal_detail",
    "goal_list",
    "goal_reorder",
    "goal_template_add",
    "goal_template_remove",
    "goal_update",
    "item_create",
    "item_delete",
    "item_update",
    "items_reorder",
    "library_export",
    "library_home",
    "library_import",
    "template_compare",
    "template_copy",
    "template_create",
    "template_delete",
    "template_detail",
    "template_list",
    "template_new_draft",
    "template_update",
    "version_delete",
    "version_detail",
    "version_publish",
    "version_retire",
]
