"""What pages load: ``{% load ws_service %}``."""
