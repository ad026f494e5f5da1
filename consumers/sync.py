"""``ws/sync/``: a synchronous consumer that asks the ORM, as an ordinary view would."""

import json

from channels.generic.websocket import WebsocketConsumer
from django.contrib.auth import get_user_model

from consumers.message import BadInput, read_message, stamp

# At import time, as sites do it: works because routing is imported after django.setup().
User = get_user_model()


class SyncConsumer(WebsocketConsumer):
    """Echo the message with how many users the site has; runs in a thread."""

    def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            message = read_message(text_data)
        except BadInput as error:
            self.send(error.as_json())
            return
        users = User.objects.count()
        answer = {"type": "message", "message": message, "users": users, **stamp(self.scope)}
        self.send(json.dumps(answer))
