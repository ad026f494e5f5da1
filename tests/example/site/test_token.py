"""The command that prints tokens, for programs that have no cookie."""

import base64
import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from example.accounts.models import User

pytestmark = pytest.mark.usefixtures("demo_users")


def claims(*arguments: str) -> Any:
    """What a token says; who verifies it is tested elsewhere."""
    out = StringIO()
    call_command("token", *arguments, stdout=out)
    payload = out.getvalue().split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=="))


def test_it_prints_a_token_for_a_connection_or_for_one_topic() -> None:
    """One says who a program is, the other what it may see."""
    ada = str(User.objects.get(name="Ada").pk)
    assert claims("ADA@example.org")["sub"] == ada
    assert "channel" not in claims("ada@example.org")
    for_one = claims("ada@example.org", "--topic", "orders:42")
    assert (for_one["sub"], for_one["channel"]) == (ada, "orders:42")


def test_nobody_s_token_is_a_mistake() -> None:
    """One line instead of a traceback."""
    with pytest.raises(CommandError, match="There is no eve@"):
        call_command("token", "eve@example.org")
