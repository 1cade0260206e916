from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('metrics', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Sweeper',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, unique=True)),
                ('seen_at', models.DateTimeField(db_index=True)),
                ('worked_at', models.DateTimeField(help_text='When it last had something to do.', null=True)),
                ('markers', models.PositiveIntegerField(default=0)),
                ('plans', models.PositiveIntegerField(default=0)),
                ('failed', models.PositiveIntegerField(default=0)),
                ('seconds', models.FloatField(default=0)),
            ],
        ),
        migrations.RenameField('rollupfailure', 'subject_id', 'plan_id'),
        migrations.AlterField('rollupfailure', 'plan_id', models.UUIDField(unique=True)),
        migrations.RemoveConstraint('stalemarker', 'stale_marker_names_one'),
        migrations.AddField('stalemarker', 'currency', models.CharField(max_length=3, null=True)),
        migrations.AddIndex(
            model_name='stalemarker',
            index=models.Index(
                condition=models.Q(('currency__isnull', False)), fields=['currency'], name='stale_marker_currency'
            ),
        ),
        migrations.AddConstraint(
            model_name='stalemarker',
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ('account_id__isnull', False), ('currency__isnull', True), ('plan_id__isnull', True)
                )
                | models.Q(('account_id__isnull', True), ('currency__isnull', True), ('plan_id__isnull', False))
                | models.Q(('account_id__isnull', True), ('currency__isnull', False), ('plan_id__isnull', True)),
                name='stale_marker_names_one',
            ),
        ),
    ]
