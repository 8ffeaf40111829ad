"""Weather: the vendor's texts with a unit, as numbers, or as nothing where they cannot be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footy.records.weather import beaufort, humidity, pressure, temperature, weather_fields, wind
from footy.thesports.models import Environment

UNREADABLE = [
    "",
    " ",
    None,
    "-",
    "n/a",
    "16",
    "16 degrees",
    "1e5°C",
    "٣°C",
    "9" * 40 + "°C",
    "°C",
    "16°C16°C",
]


@pytest.mark.parametrize(
    ("text", "celsius", "fahrenheit"),
    [
        ("16°C", 16.0, 60.8),
        ("-3°C", -3.0, 26.6),
        ("\u22123 °C", -3.0, 26.6),
        ("-0°C", 0.0, 32.0),
        ("12.5°C", 12.5, 54.5),
        (" 16 °c ", 16.0, 60.8),
        ("16\u2103", 16.0, 60.8),
        ("61°F", 16.1, 61.0),
        ("32°F", 0.0, 32.0),
        ("-40°F", -40.0, -40.0),
    ],
)
def test_a_temperature_is_told_in_both_scales(text: str, celsius: float, fahrenheit: float) -> None:
    assert temperature(text) == (celsius, fahrenheit)
    assert "-0.0" not in str(temperature(text))


@pytest.mark.parametrize("text", [*UNREADABLE, "4.0m/s"])
def test_an_unreadable_temperature_is_none(text: str | None) -> None:
    assert temperature(text) == (None, None)


@pytest.mark.parametrize(
    ("text", "metres", "miles", "name"),
    [
        ("4.0m/s", 4.0, 8.9, "Gentle breeze"),
        ("11.m/s", 11.0, 24.6, "Strong breeze"),
        ("0.0m/s", 0.0, 0.0, "Calm"),
        ("36km/h", 10.0, 22.4, "Fresh breeze"),
        ("18 kph", 5.0, 11.2, "Gentle breeze"),
        ("10mph", 4.5, 10.0, "Gentle breeze"),
        ("33M/S", 33.0, 73.8, "Hurricane"),
    ],
)
def test_wind_is_told_in_both_units_and_by_its_name(
    text: str, metres: float, miles: float, name: str
) -> None:
    assert wind(text) == (metres, miles, name)


@pytest.mark.parametrize("text", [*UNREADABLE, "-1m/s", "m/s", "4.0", "4 knots"])
def test_an_unreadable_wind_is_none(text: str | None) -> None:
    assert wind(text) == (None, None, None)


@pytest.mark.parametrize(
    ("limit", "below", "from_it_on"),
    [
        (0.3, "Calm", "Light air"),
        (1.6, "Light air", "Light breeze"),
        (3.4, "Light breeze", "Gentle breeze"),
        (5.5, "Gentle breeze", "Moderate breeze"),
        (8.0, "Moderate breeze", "Fresh breeze"),
        (10.8, "Fresh breeze", "Strong breeze"),
        (13.9, "Strong breeze", "Near gale"),
        (17.2, "Near gale", "Gale"),
        (20.8, "Gale", "Strong gale"),
        (24.5, "Strong gale", "Storm"),
        (28.5, "Storm", "Violent storm"),
        (32.7, "Violent storm", "Hurricane"),
    ],
)
def test_beaufort_changes_its_name_at_each_limit(limit: float, below: str, from_it_on: str) -> None:
    assert beaufort(limit - 0.01) == below
    assert beaufort(limit) == from_it_on


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("62%", 62),
        ("100%", 100),
        ("108%", 100),
        ("0%", 0),
        ("62.5 %", 63),
        ("62", None),
        ("-1%", None),
        ("", None),
    ],
)
def test_humidity_is_at_most_100_percent(text: str, percent: int | None) -> None:
    assert humidity(text) == percent


@pytest.mark.parametrize(
    ("text", "millimetres", "inches", "hectopascals"),
    [
        ("759mmHg", 759.0, 29.88, 1011.9),
        ("1013.25hPa", 760.0, 29.92, 1013.25),
        ("1000 mbar", 750.1, 29.53, 1000.0),
        ("29.92inHg", 760.0, 29.92, 1013.2),
    ],
)
def test_pressure_is_told_in_three_units(
    text: str, millimetres: float, inches: float, hectopascals: float
) -> None:
    assert pressure(text) == (millimetres, inches, hectopascals)


@pytest.mark.parametrize("text", [*UNREADABLE, "759", "-759mmHg"])
def test_an_unreadable_pressure_is_none(text: str | None) -> None:
    assert pressure(text) == (None, None, None)


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    fields = weather_fields(Environment(1, text, text, text, text))
    assert fields["weather"] == "Partly cloudy"


def test_weather_that_is_not_known_is_none_throughout() -> None:
    assert set(weather_fields(None).values()) == {None}
    assert set(weather_fields(Environment(weather=0, wind="")).values()) == {None}


def test_an_unknown_weather_code_keeps_its_number_and_has_no_name() -> None:
    fields = weather_fields(Environment(weather=77))
    assert (fields["weather_id"], fields["weather"]) == (77, None)
