"""Account plans and territory business plans are rows of one table; so are their objectives and goal assignments."""

import django.db.models.deletion
from django.db import migrations, models

OF_A_KIND = {"proxy": True, "indexes": [], "constraints": []}


class Migration(migrations.Migration):
    dependencies = [
        ("plans", "0006_target_lines"),
        ("crm", "0004_promise_kinds"),
        ("metrics", "0003_kpi_history_and_job_runs"),  # its keys to plans are renamed with them
    ]

    operations = [
        migrations.AlterModelTable("accountplan", "plans_accountplan"),
        migrations.RenameModel("AccountPlan", "Plan"),
        migrations.AlterModelTable("accountplanobjective", "plans_accountplanobjective"),
        migrations.RenameModel("AccountPlanObjective", "Objective"),
        migrations.AddField(
            model_name="plan",
            name="territory",
            field=models.ForeignKey(
                blank=True,
                help_text="Its accounts and those of the territories below it are what the plan is about.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="plans",
                to="crm.territory",
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="account",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="plans",
                to="crm.account",
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="parent_plan",
            field=models.ForeignKey(
                blank=True,
                limit_choices_to={"account__isnull": False},
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="child_plans",
                to="plans.plan",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("account__isnull", True), ("territory__isnull", True), _connector="XOR"),
                name="plan_of_account_or_territory",
                violation_error_message="A plan is for an account or for a territory.",
            ),
        ),
        migrations.CreateModel("AccountPlan", fields=[], options=OF_A_KIND, bases=("plans.plan",)),
        migrations.CreateModel("TerritoryBusinessPlan", fields=[], options=OF_A_KIND, bases=("plans.plan",)),
        migrations.CreateModel("AccountPlanObjective", fields=[], options=OF_A_KIND, bases=("plans.objective",)),
        migrations.CreateModel("GoalAssignment", fields=[], options=OF_A_KIND, bases=("plans.objective",)),
    ]
