from typing import Any

from django.db import migrations


def rename(old: str, new: str) -> Any:
    def run(apps: Any, schema_editor: Any) -> None:
        changes = apps.get_model("core", "Change").objects.using(schema_editor.connection.alias)
        changes.filter(model=old).update(model=new)

    return run


class Migration(migrations.Migration):
    """The log keeps objectives under the name of their table, whichever kind of plan they are of."""

    dependencies = [("plans", "0007_plan_and_objective"), ("core", "0001_initial")]

    operations = [
        migrations.RunPython(
            rename("plans.accountplanobjective", "plans.objective"),
            rename("plans.objective", "plans.accountplanobjective"),
        )
    ]
