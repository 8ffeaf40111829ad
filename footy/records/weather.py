"""Weather at the ground: the vendor's texts with units, as numbers in the units of the record.

An unreadable text, or one without a unit, is None: nothing is guessed.
"""

import re
from bisect import bisect_right

from footy.thesports.codes import WEATHER
from footy.thesports.models import Environment

_NUMBER = r"\s*([+\-\u2212]?)([0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})\s*"
_QUANTITY = re.compile(_NUMBER + r"(\S.*?)\s*", re.DOTALL)

_CELSIUS = frozenset({"°c", "c", "\u2103", "\u00bac", "\u02dac"})
_FAHRENHEIT = frozenset({"°f", "f", "\u2109", "\u00baf", "\u02daf"})

_MPH_PER_MS = 2.236936
_KMH_PER_MS = 3.6
_METRES = frozenset({"m/s", "mps"})
_KILOMETRES = frozenset({"km/h", "kmh", "kph"})
_MILES = frozenset({"mph", "mi/h"})

_MM_PER_INCH = 25.4
_HPA_PER_MMHG = 1.33322
_HECTOPASCALS = frozenset({"hpa", "mbar", "mb"})

_BEAUFORT_LIMITS = (0.3, 1.6, 3.4, 5.5, 8.0, 10.8, 13.9, 17.2, 20.8, 24.5, 28.5, 32.7)
_BEAUFORT_NAMES = (
    "Calm",
    "Light air",
    "Light breeze",
    "Gentle breeze",
    "Moderate breeze",
    "Fresh breeze",
    "Strong breeze",
    "Near gale",
    "Gale",
    "Strong gale",
    "Storm",
    "Violent storm",
    "Hurricane",
)


def _quantity(text: str | None) -> tuple[float, str] | None:
    """Return the number and the unit of a text such as `"4.0m/s"` or `"11.m/s"`; the unit in lower case."""
    found = _QUANTITY.fullmatch(text) if text else None
    if found is None:
        return None
    number = float(found[2])
    return (-number if found[1] in {"-", "\u2212"} else number) + 0.0, "".join(found[3].lower().split())


def temperature(text: str | None) -> tuple[float | None, float | None]:
    """Return degrees Celsius and Fahrenheit of a text such as `"16°C"`; a converted one has one decimal."""
    read = _quantity(text)
    if read is not None:
        degrees, unit = read
        if unit in _CELSIUS:
            return degrees, round(degrees * 9 / 5 + 32, 1) + 0.0
        if unit in _FAHRENHEIT:
            return round((degrees - 32) * 5 / 9, 1) + 0.0, degrees
    return None, None


def beaufort(metres_per_second: float) -> str:
    """Return the name of a wind speed on the Beaufort scale (WMO limits, in m/s)."""
    return _BEAUFORT_NAMES[bisect_right(_BEAUFORT_LIMITS, metres_per_second)]


def wind(text: str | None) -> tuple[float | None, float | None, str | None]:
    """Return metres per second, miles per hour and Beaufort name of a text such as `"4.0m/s"`.

    Converted speeds have one decimal; the name is that of the speed before rounding.
    """
    read = _quantity(text)
    if read is None or read[0] < 0:
        return None, None, None
    speed, unit = read
    if unit in _METRES:
        return speed, round(speed * _MPH_PER_MS, 1), beaufort(speed)
    if unit in _KILOMETRES:
        metres = speed / _KMH_PER_MS
        return round(metres, 1), round(metres * _MPH_PER_MS, 1), beaufort(metres)
    if unit in _MILES:
        metres = speed / _MPH_PER_MS
        return round(metres, 1), speed, beaufort(metres)
    return None, None, None


def humidity(text: str | None) -> int | None:
    """Return the percentage of a text such as `"62%"`, at most 100."""
    read = _quantity(text)
    if read is None or read[0] < 0 or read[1] != "%":
        return None
    return min(int(read[0] + 0.5), 100)


def pressure(text: str | None) -> tuple[float | None, float | None, float | None]:
    """Return millimetres and inches of mercury, and hectopascals, of a text such as `"759mmHg"`.

    Converted values have one decimal, two for inches. One mmHg is 1.33322 hPa, an inch is 25.4 mm.
    """
    read = _quantity(text)
    if read is None or read[0] < 0:
        return None, None, None
    value, unit = read
    if unit == "mmhg":
        return value, round(value / _MM_PER_INCH, 2), round(value * _HPA_PER_MMHG, 1)
    if unit == "inhg":
        millimetres = value * _MM_PER_INCH
        return round(millimetres, 1), value, round(millimetres * _HPA_PER_MMHG, 1)
    if unit in _HECTOPASCALS:
        millimetres = value / _HPA_PER_MMHG
        return round(millimetres, 1), round(millimetres / _MM_PER_INCH, 2), value
    return None, None, None


def weather_fields(environment: Environment | None) -> dict[str, object]:
    """Return the record's weather fields; all None if the vendor sent no weather."""
    if environment is None:
        environment = Environment()
    weather_id = environment.weather or None
    celsius, fahrenheit = temperature(environment.temperature)
    metres, miles, name = wind(environment.wind)
    millimetres, inches, hectopascals = pressure(environment.pressure)
    return {
        "weather_id": weather_id,
        "weather": None if weather_id is None else WEATHER.get(weather_id),
        "temperature_c": celsius,
        "temperature_f": fahrenheit,
        "wind_ms": metres,
        "wind_mph": miles,
        "wind": name,
        "humidity": humidity(environment.humidity),
        "pressure_mmhg": millimetres,
        "pressure_inhg": inches,
        "pressure_hpa": hectopascals,
    }
