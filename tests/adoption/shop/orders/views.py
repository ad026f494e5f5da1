from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from orders.models import Order


@login_required
def order_list(request):
    context = {"orders": request.user.orders.all()}
    return render(request, "orders/list.html", context)


@require_POST
@login_required
def pay(request, pk):
    order = get_object_or_404(Order, pk=pk, user=request.user)
    order.state = "paid"
    order.save()
    return redirect("orders")
