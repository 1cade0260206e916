from django.db import migrations, models

TOPICS = ('Research', 'Clinical trial', 'Product', 'Access', 'Competitor')


def add_topics(apps, schema_editor):
    """An insight needs a topic: those to begin with. Administrators rename, reorder, add and retire them."""
    values = apps.get_model('crm', 'PickListValue').objects
    values.bulk_create(
        [
            values.model(pick_list='insight_topic', name=name, order=10 * number)
            for number, name in enumerate(TOPICS, 1)
        ]
    )


def remove_topics(apps, schema_editor):
    apps.get_model('crm', 'PickListValue').objects.filter(pick_list='insight_topic').delete()


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0006_product_category_edges'),
    ]

    operations = [
        migrations.AlterField(
            model_name='picklistvalue',
            name='pick_list',
            field=models.CharField(choices=[('industry', 'Industry'), ('account_type', 'Account type'), ('segment', 'Segment'), ('template_category', 'Category of goals and action plan templates'), ('coop_expense_kind', 'Kind of co-op expense'), ('plan_event_kind', 'Kind of event'), ('insight_topic', 'Topic of medical insights')], max_length=30),
        ),
        migrations.RunPython(add_topics, remove_topics),
    ]
