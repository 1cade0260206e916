from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kam.users.models import User
from templates_app import operations
from templates_app.models import ActionPlanTemplate, ActionPlanTemplateItem
from tests import factories
from tests.fixtures import ClientFor
from tests.pages import form_of, get, text_of

pytestmark = pytest.mark.django_db


def url(name: str, *args: object) -> str:
    return reverse(f"templates_app:{name}", args=args)


def test_walk_from_an_empty_template_to_the_next_version(client_as: ClientFor, admin: User) -> None:
    client = client_as(admin)

    made = client.post(url("actionplantemplate_create"), {"name": "Launch"})
    template = ActionPlanTemplate.objects.get()
    draft = factories.draft_of(template)
    assert made["Location"] == draft.get_absolute_url()
    assert "No items yet" in text_of(get(client, draft.get_absolute_url()))
    values = form_of(get(client, url("item_create", draft.pk)))
    for name, start, due in (("Call", "0", "5"), ("Visit", "3", "9")):
        client.post(
            url("item_create", draft.pk), {**values, "name": name, "start_offset": start, "due_offset": due}
        )
    page = get(client, draft.get_absolute_url())
    assert (
        '<svg xmlns="http://www.w3.org/2000/svg" class="k-chart k-template-timeline"' in page.content.decode()
    )
    assert "From now on, plans get the 2 items" in text_of(get(client, url("version_publish", draft.pk)))
    client.post(url("version_publish", draft.pk))
    draft.refresh_from_db()
    assert (draft.status, draft.published_by) == ("published", admin)
    answer = client.post(url("template_new_draft", template.pk), follow=True)

    assert "Launch, version 2 is ready to be edited." in answer.content.decode()
    assert factories.draft_of(template).items.count() == 2


def test_item_is_edited_moved_and_deleted(client_as: ClientFor, admin: User) -> None:
    client = client_as(admin)
    draft = factories.draft_of(factories.create_template(items=3))
    first, second, third = draft.items.order_by("order")

    values = form_of(get(client, url("item_update", first.pk)))
    client.post(url("item_update", first.pk), {**values, "name": "Renamed", "weight": "2.5"})
    client.post(url("items_reorder", draft.pk), {"move": f"{first.pk}:down"})
    client.post(url("items_reorder", draft.pk), {"order": [third.pk, second.pk, first.pk]})
    client.post(url("item_delete", second.pk))

    assert [item.name for item in draft.items.order_by("order")] == [third.name, "Renamed"]
    first.refresh_from_db()
    assert str(first.weight) == "2.500"


def test_stale_order_is_told(client_as: ClientFor, admin: User) -> None:
    draft = factories.draft_of(factories.create_template(items=2))

    for order in ([], ["nonsense", "x"], [str(draft.items.first().pk)] * 2):
        answer = client_as(admin).post(url("items_reorder", draft.pk), {"order": order}, follow=True)
        assert "load the page again" in answer.content.decode()


def test_item_form_names_errors(client_as: ClientFor, admin: User) -> None:
    draft = factories.draft_of(factories.create_template())
    elsewhere = factories.create_item(factories.draft_of(factories.create_template()))
    client = client_as(admin)
    values = form_of(get(client, url("item_create", draft.pk)))

    late = client.post(
        url("item_create", draft.pk), {**values, "name": "X", "start_offset": "9", "due_offset": "1"}
    )
    foreign = client.post(
        url("item_create", draft.pk), {**values, "name": "X", "prerequisite": str(elsewhere.pk)}
    )

    assert late.status_code == foreign.status_code == 422
    assert "It is due before it starts." in text_of(late)
    assert not draft.items.exists()


def test_published_version_does_not_change_through_pages(client_as: ClientFor, admin: User) -> None:
    client = client_as(admin)
    version = factories.create_published_template(items=2)
    first, second = version.items.order_by("order")
    before = operations.item_values(version)

    answers = [
        client.get(url("item_create", version.pk), follow=True),
        client.post(url("item_create", version.pk), {"name": "X", "due_offset": "1"}, follow=True),
        client.post(url("item_update", first.pk), {"name": "X"}, follow=True),
        client.post(url("item_delete", first.pk), follow=True),
        client.post(url("items_reorder", version.pk), {"order": [second.pk, first.pk]}, follow=True),
        client.post(url("version_delete", version.pk), follow=True),
    ]

    assert all("A published version never changes" in answer.content.decode() for answer in answers)
    assert client.post(url("version_publish", version.pk)).status_code == 409
    client.post(url("actionplantemplate_delete", version.template_id))
    assert operations.item_values(version) == before
    assert "Add item" not in text_of(get(client, version.get_absolute_url()))
    assert "Retire it instead" in text_of(get(client, url("actionplantemplate_delete", version.template_id)))


def test_empty_draft_says_what_stands_in_the_way_of_publishing(client_as: ClientFor, admin: User) -> None:
    draft = factories.draft_of(factories.create_template())
    client = client_as(admin)

    question = get(client, url("version_publish", draft.pk))

    assert "It has no items" in text_of(question)
    assert client.post(url("version_publish", draft.pk)).status_code == 409


def test_version_is_retired_after_a_question(client_as: ClientFor, admin: User) -> None:
    version = factories.create_published_template()
    client = client_as(admin)

    assert "No new plan is made from it" in text_of(get(client, url("version_retire", version.pk)))
    client.post(url("version_retire", version.pk))
    again = client.post(url("version_retire", version.pk), follow=True)

    version.refresh_from_db()
    assert version.status == "retired"
    assert "Only a published version can be retired" in again.content.decode()
    assert "Retired" in text_of(get(client, version.template.get_absolute_url()))


def test_second_draft_leads_to_the_first(client_as: ClientFor, admin: User) -> None:
    template = factories.create_template()

    answer = client_as(admin).post(url("template_new_draft", template.pk))

    assert answer["Location"] == factories.draft_of(template).get_absolute_url()


def test_draft_and_unused_template_are_deleted(client_as: ClientFor, admin: User) -> None:
    client = client_as(admin)
    template = factories.create_template(items=2)

    assert "2 items" in text_of(get(client, url("version_delete", factories.draft_of(template).pk)))
    client.post(url("version_delete", factories.draft_of(template).pk))
    assert "No version yet" in text_of(get(client, template.get_absolute_url()))
    client.post(url("actionplantemplate_delete", template.pk))

    assert not ActionPlanTemplate.objects.exists()


def test_template_that_a_goal_uses_stays(client_as: ClientFor, admin: User) -> None:
    template = factories.create_template()
    factories.create_goal("Grow", templates=[template])
    client = client_as(admin)

    assert "Goal: Grow" in text_of(get(client, url("actionplantemplate_delete", template.pk)))
    client.post(url("actionplantemplate_delete", template.pk))

    assert ActionPlanTemplate.objects.exists()


def test_copy_is_a_draft_of_its_own(client_as: ClientFor, admin: User) -> None:
    client = client_as(admin)
    source = factories.create_published_template("Launch").template

    values = form_of(get(client, url("actionplantemplate_copy", source.pk)))
    answer = client.post(url("actionplantemplate_copy", source.pk), values, follow=True)

    copy = ActionPlanTemplate.objects.get(name="Copy of Launch")
    assert copy.copied_from == source
    assert factories.draft_of(copy).items.count() == 2
    assert "Copied from Launch" in text_of(answer)
    assert client.post(url("actionplantemplate_copy", source.pk), values).status_code == 422


def test_comparison_shows_what_was_added_removed_and_changed(
    client_as: ClientFor, account_manager: User
) -> None:
    template = factories.create_template()
    draft = factories.draft_of(template)
    call = factories.create_item(draft, "Call the ward", weight=1)
    factories.create_item(draft, "Write a letter", prerequisite=call)
    factories.create_item(draft, "Meet", is_required=True)
    factories.publish(template)
    second = operations.new_draft(template)
    changed = second.items.get(name="Call the ward")
    changed.weight, changed.is_required = 3, False
    changed.save()
    second.items.get(name="Write a letter").delete()
    factories.create_item(second, "Visit", start_offset=2, due_offset=4)
    client = client_as(account_manager)

    text = text_of(get(client, url("template_compare", template.pk)))

    assert "Visit Added" in text
    assert "Write a letter Removed" in text
    assert "Call the ward Changed" in text
    assert "Required Yes → No" in text
    assert "Weight 1 → 3" in text
    assert "Meet" not in text
    same = get(client, url("template_compare", template.pk), data={"before": "2", "after": "2"})
    assert "No difference" in text_of(same)
    for wrong in ("9", "nonsense", "-1"):
        found = client.get(url("template_compare", template.pk), {"before": wrong})
        assert found.status_code == (404 if wrong == "9" else 200)


def test_template_shows_its_versions_and_where_it_is_used(
    client_as: ClientFor, account_manager: User
) -> None:
    template = factories.publish(factories.create_template("Launch", items=1)).template
    factories.create_goal("Grow", templates=[template])
    operations.new_draft(template)

    text = text_of(get(client_as(account_manager), template.get_absolute_url()))

    assert "Version 1 is shown" in text
    assert "Version 2 Not published yet Draft" in text
    assert "Goal: Grow" in text
    assert "Edit draft" not in text


@pytest.mark.parametrize("who", ["account_manager", "msl", "executive", "viewer", "integration"])
def test_nobody_but_administrators_writes(cast: dict[str, User], client_as: ClientFor, who: str) -> None:
    reads = who in {"account_manager", "msl"}
    client = client_as(cast[who])
    template = factories.create_template(items=1)
    draft = factories.draft_of(template)
    item = draft.items.get()

    for address in (
        template.get_absolute_url(),
        draft.get_absolute_url(),
        url("template_compare", template.pk),
    ):
        assert client.get(address).status_code == (200 if reads else 404)
    assert client.get(url("library_home")).status_code == (200 if reads else 403)
    assert client.post(url("actionplantemplate_create"), {"name": "X"}).status_code == 403
    for name in (
        "actionplantemplate_update",
        "actionplantemplate_copy",
        "actionplantemplate_delete",
        "template_new_draft",
    ):
        assert client.post(url(name, template.pk), {"name": "X"}).status_code == (403 if reads else 404)
    for name in ("version_publish", "version_retire", "version_delete", "item_create", "items_reorder"):
        assert client.post(url(name, draft.pk), {"name": "X"}).status_code == (403 if reads else 404)
    for name in ("item_update", "item_delete"):
        assert client.post(url(name, item.pk), {"name": "X"}).status_code == (403 if reads else 404)
    assert ActionPlanTemplateItem.objects.get().name == item.name


@pytest.mark.parametrize("name", ["version_detail", "actionplantemplate_detail"])
def test_pages_take_the_same_queries_for_more_items(client_as: ClientFor, admin: User, name: str) -> None:
    client = client_as(admin)

    def count(items: int) -> int:
        template = factories.create_template()
        draft = factories.draft_of(template)
        for _number in range(items):
            first = factories.create_item(draft, activity_type=factories.create_activity_type())
            factories.create_item(draft, prerequisite=first)
            factories.create_goal(templates=[template])
        address = url(name, draft.pk if name == "version_detail" else template.pk)
        get(client, address)
        with CaptureQueriesContext(connection) as queries:
            get(client, address)
        return len(queries)

    assert count(1) == count(3)
