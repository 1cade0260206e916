from django.db import migrations

TABS = ['stakeholders', 'reviews']


def add_tabs(apps, schema_editor):
    """Every plan showed them so far."""
    types = apps.get_model('templates_app', 'PlanType').objects
    for plan_type in types.all():
        missing = [key for key in TABS if key not in plan_type.sections]
        types.filter(pk=plan_type.pk).update(sections=[*plan_type.sections, *missing])


def remove_tabs(apps, schema_editor):
    types = apps.get_model('templates_app', 'PlanType').objects
    for plan_type in types.all():
        kept = [key for key in plan_type.sections if key not in TABS]
        types.filter(pk=plan_type.pk).update(sections=kept)


class Migration(migrations.Migration):

    dependencies = [
        ('templates_app', '0005_expected_roles'),
    ]

    operations = [
        migrations.RunPython(add_tabs, remove_tabs),
    ]
