"""A shared whiteboard: clients publish strokes, the topic checks them and keeps them."""
