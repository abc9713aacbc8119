"""What the name of a column says about its numbers."""

import re

_IDENTIFIER = re.compile(
    r"(?i:id|ids|idx|index|row|rows|nr|no|key|pk|uuid|guid|rownum|rowid|level_0)"
    r"|(?i:unnamed: ?\d+(_level_\d+)?|column \d+)|"
    r"|(?i:row[ _.-]?(id|no|nr|num|number|index))"
    r"|(?i:.*[ _.-](id|ids|idx|uuid|guid|key|no|nr|number|nummer))"
    r"|.*[a-z](ID|Id|UUID|Key|No|Nr|Number)"
    r"|(?i:id[ _.-].*|.*nummer|serial|serial[ _.-]?number|#)"
)
_CODE = re.compile(
    r"(?i:.*(\b|_|-)(zip|zipcode|zip[ _.-]?code|plz|postleitzahl|postal|postcode|codes?"
    r"|sku|fips|naics|sic|store|branch|dept|department|district|region|ward|county"
    r"|precinct|cluster|group|class|category|type|station|sector|state|country|zone"
    r"|model[ _.-]?(no|nr|number)))"
    r"|.*[a-z](Zip|Code|Class|Type|Group|Store|Region|District|Category|Zone|ZIP)"
)
_RANK = re.compile(r"(?i:.*(rank|ranking|position|place|order|percentile).*)")


def names_identifier(name: str) -> bool:
    """Whether a column is called like an identifier: ``id``, ``orderID``, ````."""
    return not name.strip() or _IDENTIFIER.fullmatch(name.strip()) is not None


def names_code(name: str) -> bool:
    """Whether a column is called like a code: ``zip``, ``storeCode``."""
    return _CODE.fullmatch(name.strip()) is not None or _has_id(name)


def names_rank(name: str) -> bool:
    """Whether a column is called like a rank, which may well be 1, 2, 3, …."""
    return _RANK.fullmatch(name) is not None


def _has_id(name: str) -> bool:
    return re.search(r"(?i:(^|[ _.-])id$)|[a-z]I[dD]$", name.strip()) is not None
