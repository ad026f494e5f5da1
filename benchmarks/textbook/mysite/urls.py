"""No pages: only the WebSocket is measured."""

urlpatterns: list[object] = []
