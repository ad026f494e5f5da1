from django.conf import settings
from django.db import models


class Order(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="orders")
    state = models.CharField(max_length=20, default="placed")

    def __str__(self):
        return f"{self.pk}: {self.state}"
