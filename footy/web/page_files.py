"""The page's static files, read once; no other path is served."""

from hashlib import blake2b
from importlib import resources

from footy.web.answers import Prepared
from footy.web.picture import Content

TYPES = {
    "html": b"text/html; charset=utf-8",
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "svg": b"image/svg+xml",
    "woff2": b"font/woff2",
}
INDEX = "index.html"


def page_files() -> dict[str, Prepared]:
    """Return the files of the page by name."""
    found = {}
    for file in sorted(resources.files("footy.web").joinpath("page").iterdir(), key=lambda one: one.name):
        content_type = TYPES.get(file.name.rpartition(".")[2])
        if content_type is not None:
            plain = file.read_bytes()
            tag = blake2b(plain, digest_size=8).hexdigest()
            found[file.name] = Prepared(Content.of(plain, tag), content_type)
    return found
