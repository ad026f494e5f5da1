from django.contrib import admin

from example.orders.models import Change, Order


class ChangeInline(admin.TabularInline):
    """The history, to read."""

    model = Change
    extra = 0
    can_delete = False
    fields = readonly_fields = ("number", "state", "note", "at")

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    """Change a state here and look at the customer's page."""

    list_display = ("id", "item", "customer", "state", "updated_at")
    list_display_links = ("id", "item")
    list_editable = ("state",)
    list_filter = ("state",)
    search_fields = ("item", "customer__email")
    list_select_related = ("customer",)
    autocomplete_fields = ("customer",)
    inlines = (ChangeInline,)
