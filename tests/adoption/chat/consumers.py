from asgiref.sync import async_to_sync
from channels.consumer import SyncConsumer
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import get_channel_layer


class Room(AsyncJsonWebsocketConsumer):
    """Says who you are; tells everybody what anybody says; hands work to the worker."""

    async def connect(self):
        await self.channel_layer.group_add("room", self.channel_name)
        await self.accept()
        await self.send_json({"you": str(self.scope["user"])})

    async def receive_json(self, content):
        if "work" in content:
            await self.channel_layer.send("jobs", {"type": "job", "text": content["work"]})
            return
        said = {"type": "room.said", "who": str(self.scope["user"]), "text": content["say"]}
        await self.channel_layer.group_send("room", said)

    async def disconnect(self, code):
        await self.channel_layer.group_discard("room", self.channel_name)

    async def room_said(self, event):
        await self.send_json({"who": event["who"], "text": event["text"]})


class Jobs(SyncConsumer):
    """What `runworker jobs` runs."""

    def job(self, message):
        done = {"type": "room.said", "who": "worker", "text": message["text"].upper()}
        async_to_sync(get_channel_layer().group_send)("room", done)
