from django.contrib.auth.views import LoginView
from django.urls import path
from orders.views import order_list, pay

urlpatterns = [
    path("login/", LoginView.as_view(), name="login"),
    path("orders/", order_list, name="orders"),
    path("orders/<int:pk>/pay/", pay, name="pay"),
]
