"""Why a start failed: three causes of one exception, each with what mends it."""

from pathlib import Path

import pytest

from tests.cli.starting import serve, site_with


@pytest.mark.promise("bad-settings")
@pytest.mark.parametrize(
    ("module", "text", "words", "hint"),
    [
        (None, "", "No module named 'site_settings'", "start it where manage.py is"),
        (
            "settings.development",
            'INSTALLED_APPS += ["rest_of_the_site.orders"]',
            "No module named 'rest_of_the_site'",
            "INSTALLED_APPS has 'rest_of_the_site.orders': install the package",
        ),
        (
            "settings.development",
            'INSTALLED_APPS += ["an_app"]',
            "No module named 'payments'",
            "an_app/models.py, line 2). Install what has it",
        ),
        (
            "settings.development",
            "import payments",
            "No module named 'payments'",
            "site_settings.py, line 2). Install what has it",
        ),
        (
            "settings.development",
            "from settings import nothing",
            "cannot import name 'nothing'",
            "site_settings.py, line 2)",
        ),
        (
            "settings.development",
            'WS_SERVICE = {"MIDDLEWARE": ["nowhere.Middleware"], "ROUTING": "routing"}',
            "No module named 'nowhere'",
            "WS_SERVICE['MIDDLEWARE'] has 'nowhere.Middleware'",
        ),
        ("settings.development", 'SECRET_KEY = ""', "E015", "SECRET_KEY is empty"),
    ],
)
def test_the_hint_fits_what_is_missing(
    tmp_path: Path, module: str | None, text: str, words: str, hint: str
) -> None:
    """Three causes of one exception: a wrong directory, a package, a line of the site's."""
    app = tmp_path / "an_app"
    app.mkdir()
    (app / "__init__.py").touch()
    (app / "models.py").write_text("\nimport payments\n")
    if module:
        site_with(tmp_path, text, settings=module)
    status, said = serve(DJANGO_SETTINGS_MODULE="site_settings", PYTHONPATH=str(tmp_path))
    assert status == 1
    assert words in said
    assert hint in said
    assert ("where manage.py is" in said) is (module is None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('LOGGING = {"version": 2}', "Unsupported version"),
        (
            """
LOGGING = {
    "version": 1,
    "handlers": {"file": {"class": "logging.FileHandler", "filename": "/nowhere/site.log"}},
    "root": {"handlers": ["file"]},
}""",
            "No such file or directory",
        ),
        ('LOGGING_CONFIG = "nowhere.configure"', "No module named 'nowhere'"),
        ('LOGGING_CONFIG = "site_settings.fail"\ndef fail(_): raise KeyError("mine")', "mine"),
    ],
)
def test_a_logging_that_can_not_be_configured_is_named(
    tmp_path: Path, text: str, words: str
) -> None:
    """Not a traceback through the standard library."""
    settings = site_with(tmp_path, text)
    status, said = serve(DJANGO_SETTINGS_MODULE=settings, PYTHONPATH=str(tmp_path))
    assert status == 1
    assert "LOGGING" in said
    assert words in said
