from django import forms

from example.chat.models import Message


class MessageForm(forms.ModelForm):
    """The text; room and author are known."""

    class Meta:
        model = Message
        fields = ("text",)
