"""Contacts, kept from the page of their account."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.forms import ContactForm
from crm.models import Account, Activity, Contact, Opportunity
from kam.core.forms import options_response, saved
from kam.core.pages import posted, render_form, typed
from kam.core.policy import object_required, signed_in


@object_required(Account, "crm.add_contact")
def contact_create(request: HttpRequest, account: Account) -> HttpResponse:
    form = ContactForm(posted(request), instance=Contact(account=account), user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(contact)s” is added.") % {"contact": form.instance})
        return redirect(account)
    context = {"form": form, "account": account, "nav_section": "accounts"}
    return render_form(request, "crm/contact_form.html", context)


@object_required(Contact, "crm.change_contact", queryset=lambda rows: rows.select_related("account"))
def contact_update(request: HttpRequest, contact: Contact) -> HttpResponse:
    form = ContactForm(posted(request), instance=contact, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(contact)s” is saved.") % {"contact": contact})
        return redirect(contact.account)
    context = {"form": form, "account": contact.account, "nav_section": "accounts"}
    return render_form(request, "crm/contact_form.html", context)


@object_required(Contact, "crm.delete_contact", queryset=lambda rows: rows.select_related("account"))
def contact_delete(request: HttpRequest, contact: Contact) -> HttpResponse:
    """Activities and opportunities stay; they only lose this name."""
    if request.method == "POST":
        name = str(contact)
        contact.delete()
        messages.success(request, _("“%(contact)s” is deleted.") % {"contact": name})
        return redirect(contact.account)
    user = request.user
    calls = Activity.objects.visible_to(user).filter(contacts=contact).count()
    deals = Opportunity.objects.visible_to(user).filter(contacts=contact).count()
    consequences = [
        (calls, ngettext("mention in an activity", "mentions in activities", calls)),
        (deals, ngettext("mention in an opportunity", "mentions in opportunities", deals)),
    ]
    context = {
        "contact": contact,
        "consequences": [{"count": count, "label": label} for count, label in consequences if count],
        "nav_section": "accounts",
    }
    return render(request, "crm/contact_confirm_delete.html", context)


@signed_in
def contact_options(request: HttpRequest) -> HttpResponse:
    """Contacts whose name matches, for search fields."""
    contacts = Contact.objects.visible_to(request.user).filter(name__icontains=typed(request))
    return options_response(contacts.select_related("account"), note=lambda contact: str(contact.account))
