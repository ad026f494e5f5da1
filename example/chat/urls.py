from django.urls import path

from example.chat import views

urlpatterns = [
    path("", views.chat, name="chat"),
    path("<slug:room>/", views.chat, name="chat-room"),
    path("<slug:room>/say/", views.say, name="say"),
]
