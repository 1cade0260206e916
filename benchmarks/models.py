"""The same tables as plain Django would map them: no gate, no change log, no fields of our own."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class Bare(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True


class BareUser(models.Model):
    id = models.UUIDField(primary_key=True)
    username = models.CharField(max_length=150)
    first_name = models.CharField(max_length=150)
    last_name = models.CharField(max_length=150)

    class Meta:
        managed, db_table = False, "users_user"

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Named(Bare):
    name = models.CharField(max_length=200)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class BareTerritory(Named):
    class Meta:
        managed, db_table = False, "crm_territory"


class BareStage(Named):
    is_closed = models.BooleanField()
    is_won = models.BooleanField()

    class Meta:
        managed, db_table = False, "crm_stage"


class BareType(Named):
    counts_for_cadence = models.BooleanField()

    class Meta:
        managed, db_table = False, "crm_activitytype"


class BareValue(Named):
    class Meta:
        managed, db_table = False, "crm_picklistvalue"


class BareAccount(Named):
    owner = models.ForeignKey(BareUser, models.DO_NOTHING, null=True)
    territory = models.ForeignKey(BareTerritory, models.DO_NOTHING, null=True)
    parent = models.ForeignKey("self", models.DO_NOTHING, null=True)
    industry = models.ForeignKey(BareValue, models.DO_NOTHING, null=True, related_name="+")
    current_segment = models.ForeignKey(BareValue, models.DO_NOTHING, null=True, related_name="+")
    target_segment = models.ForeignKey(BareValue, models.DO_NOTHING, null=True, related_name="+")

    class Meta:
        managed, db_table = False, "crm_account"


class BareContact(Named):
    class Meta:
        managed, db_table = False, "crm_contact"


class BareOpportunity(Named):
    source = models.CharField(max_length=50, null=True)
    external_id = models.CharField(max_length=200, null=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    probability = models.BigIntegerField(default=0)
    close_date = models.DateField()
    next_step = models.CharField(max_length=500, blank=True)
    account = models.ForeignKey(BareAccount, models.DO_NOTHING)
    owner = models.ForeignKey(BareUser, models.DO_NOTHING, null=True)
    stage = models.ForeignKey(BareStage, models.DO_NOTHING)
    contacts = models.ManyToManyField(BareContact, through="BareOpportunityContact", blank=True)

    class Meta:
        managed, db_table = False, "crm_opportunity"


class BareOpportunityContact(models.Model):
    opportunity = models.ForeignKey(BareOpportunity, models.DO_NOTHING)
    contact = models.ForeignKey(BareContact, models.DO_NOTHING)

    class Meta:
        managed, db_table = False, "crm_opportunity_contacts"

    def __str__(self) -> str:
        return f"{self.opportunity_id}: {self.contact_id}"


class BareLine(Bare):
    opportunity = models.ForeignKey(BareOpportunity, models.DO_NOTHING, related_name="lines")
    quantity = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        managed, db_table = False, "crm_opportunityline"

    def __str__(self) -> str:
        return str(self.pk)


class BarePlan(Named):
    account = models.ForeignKey(BareAccount, models.DO_NOTHING)
    owner = models.ForeignKey(BareUser, models.DO_NOTHING)
    start_date = models.DateField()
    end_date = models.DateField()
    status = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    sales_target = models.BigIntegerField(null=True)
    vision = models.TextField()
    goals = models.TextField()
    customer_goals = models.TextField()
    business_overview = models.TextField()
    short_term_plan = models.TextField()
    support_required = models.TextField()
    risks = models.TextField()
    competitors = models.TextField()

    class Meta:
        managed, db_table = False, "plans_accountplan"


class BareKPI(models.Model):
    plan = models.OneToOneField(BarePlan, models.DO_NOTHING, primary_key=True, related_name="kpi")
    won_revenue = models.BigIntegerField()
    pipeline = models.BigIntegerField()
    weighted_pipeline = models.BigIntegerField()
    total_expected_revenue = models.BigIntegerField()
    forecast_target_variance = models.BigIntegerField(null=True)
    won_count = models.PositiveIntegerField()
    open_count = models.PositiveIntegerField()

    class Meta:
        managed, db_table = False, "metrics_plankpi"

    def __str__(self) -> str:
        return str(self.pk)


class BareObjective(Named):
    plan = models.ForeignKey(BarePlan, models.DO_NOTHING, related_name="objectives")
    owner = models.ForeignKey(BareUser, models.DO_NOTHING)
    approach = models.TextField()
    target_date = models.DateField(null=True)
    status = models.CharField(max_length=20)
    current = models.BigIntegerField(null=True)
    target = models.BigIntegerField(null=True)

    class Meta:
        managed, db_table = False, "plans_accountplanobjective"


class BareParticipant(Bare):
    plan = models.ForeignKey(BarePlan, models.DO_NOTHING, related_name="participants")
    user = models.ForeignKey(BareUser, models.DO_NOTHING)
    role = models.CharField(max_length=30)
    access = models.CharField(max_length=20)

    class Meta:
        managed, db_table = False, "plans_accountplanparticipant"

    def __str__(self) -> str:
        return f"{self.user_id} ({self.role})"


class BareActivity(Bare):
    account = models.ForeignKey(BareAccount, models.DO_NOTHING)
    type = models.ForeignKey(BareType, models.DO_NOTHING)
    owner = models.ForeignKey(BareUser, models.DO_NOTHING)
    subject = models.CharField(max_length=200)
    status = models.CharField(max_length=20)
    planned_for = models.DateField(null=True)
    done_on = models.DateField(null=True)

    class Meta:
        managed, db_table = False, "crm_activity"

    def __str__(self) -> str:
        return self.subject
