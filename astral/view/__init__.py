"""All runs on a local page, with trends over nights; above `workflow/`, whose reports it shows.

`nights` reads what each run came to, `page` draws it, `server` serves it to this machine alone.
"""

from astral.view.server import ViewServer

__all__ = ["ViewServer"]
