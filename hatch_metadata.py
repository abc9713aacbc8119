"""Addresses of the project, which only who publishes it knows.

    REGKIT_REPOSITORY=https://github.com/OWNER/NAME python -m build

The wheel's metadata then name the repository, and the README's links, relative as
GitHub wants them, become absolute, as a package index wants them: those to pages of the
documentation lead to the published site. Without the variable there are no addresses,
and the README stays as it is. The workflow of wheels sets it.
"""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hatchling.metadata.plugin.interface import MetadataHookInterface

_PAGE = re.compile(r"docs/(\w+)\.md")
# ](target) of a link or, with an exclamation mark before its text, of a picture.
_LINK = re.compile(r"(!?)(\[[^\]]*\])\((?!\w+:|#)([^)\s]+)\)")


class Addresses(MetadataHookInterface):
    """Hatchling's hook: fills in what pyproject.toml calls dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the README and, where the repository is known, the addresses."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        repository = os.environ.get("REGKIT_REPOSITORY", "").rstrip("/")
        if repository:
            metadata["urls"] = addresses(repository)
            text = with_absolute_links(text, repository)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def addresses(repository: str) -> dict[str, str]:
    """Return the addresses that follow from that of the repository."""
    host, path = urlsplit(repository).netloc, urlsplit(repository).path
    found = {
        "Repository": repository,
        "Issues": f"{repository}/issues",
        "Changelog": f"{repository}/blob/main/CHANGELOG.md",
    }
    if host == "github.com":  # where the workflow of the site publishes it
        owner, name = path.strip("/").split("/")
        found["Documentation"] = f"https://{owner}.github.io/{name}/"
    return found


def with_absolute_links(text: str, repository: str) -> str:
    """Return Markdown whose relative links and pictures lead into the repository."""
    site = addresses(repository).get("Documentation")

    def absolute(link: re.Match[str]) -> str:
        bang, label, target = link.groups()
        if site and (page := _PAGE.fullmatch(target)):
            return f"{label}({site}{page[1]}.html)"
        kind = "raw" if bang else "blob"
        return f"{bang}{label}({repository}/{kind}/main/{target})"

    return _LINK.sub(absolute, text)
