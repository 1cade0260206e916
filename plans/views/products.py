"""The products and categories that a plan is about: a page of its own."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.models import Product
from kam.core.forms import options_response, saved
from kam.core.pages import posted, render_form, typed
from kam.core.policy import object_required, signed_in
from plans import operations
from plans.forms import PlanProductForm
from plans.models import AccountPlanProduct, Plan
from templates_app.enums import PlanSection


def with_frame(rows: QuerySet) -> QuerySet:
    return rows.select_related("account", "plan_type", "owner")


def with_plan(rows: QuerySet) -> QuerySet:
    return rows.select_related("plan__plan_type", "product", "category")


def products_url(plan: Plan) -> str:
    return reverse("plans:plan_products", args=[plan.pk])


def refuse_left_out(plan: Plan) -> None:
    if not plan.plan_type.shows(PlanSection.PRODUCTS):
        raise Http404


@object_required(Plan, "plans.view_accountplan", queryset=with_frame)
def plan_products(request: HttpRequest, plan: Plan) -> HttpResponse:
    refuse_left_out(plan)
    user = request.user
    operations.log_confidential_look(plan=plan, user=user)
    rows = AccountPlanProduct.objects.visible_to(user).filter(plan=plan).with_names()
    context = {
        "plan": plan,
        "plan_tab": "products",
        "products": rows.annotate(entry_count=Count("analyses")).order_by("order", "created_at", "id"),
        "sees_numbers": user.has_perm("plans.view_numbers", plan),
        "may_change": user.has_perm("plans.change_accountplan", plan),
        "nav_section": "plans",
    }
    return render(request, "plans/plan_products.html", context)


@object_required(Plan, "plans.add_accountplanproduct", queryset=with_frame)
def plan_product_create(request: HttpRequest, plan: Plan) -> HttpResponse:
    refuse_left_out(plan)
    form = PlanProductForm(posted(request), instance=AccountPlanProduct(plan=plan), user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(product)s” is added.") % {"product": form.instance})
        return redirect(products_url(plan))
    return form_page(request, form, _("New product"))


@object_required(AccountPlanProduct, "plans.change_accountplanproduct", queryset=with_plan)
def plan_product_update(request: HttpRequest, product: AccountPlanProduct) -> HttpResponse:
    refuse_left_out(product.plan)
    form = PlanProductForm(posted(request), instance=product, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(product)s” is saved.") % {"product": product})
        return redirect(products_url(product.plan))
    return form_page(request, form, str(product))


def form_page(request: HttpRequest, form: PlanProductForm, title: str) -> HttpResponse:
    plan = form.instance.plan
    context = {"form": form, "plan": plan, "title": title, "back": products_url(plan), "nav_section": "plans"}
    return render_form(request, "plans/part_form.html", context)


@object_required(AccountPlanProduct, "plans.delete_accountplanproduct", queryset=with_plan)
def plan_product_delete(request: HttpRequest, product: AccountPlanProduct) -> HttpResponse:
    refuse_left_out(product.plan)
    if request.method == "POST":
        name = str(product)
        product.delete()
        messages.success(request, _("“%(product)s” is taken out.") % {"product": name})
        return redirect(products_url(product.plan))
    kept = product.analyses.editable_by(request.user).count()
    note = _("What SWOT and PESTEL say of it stays, for the whole plan: %(count)s.") % {"count": kept}
    context = {
        "part": product,
        "plan": product.plan,
        "note": note if kept else "",
        "back": products_url(product.plan),
        "nav_section": "plans",
    }
    return render(request, "plans/part_confirm_delete.html", context)


@signed_in
def product_options(request: HttpRequest) -> HttpResponse:
    """Products whose name or code matches, for search fields."""
    text = typed(request)
    rows = Product.objects.visible_to(request.user).filter(is_active=True)
    rows = rows.filter(Q(name__icontains=text) | Q(code__icontains=text))
    return options_response(rows, note=lambda product: product.code)
