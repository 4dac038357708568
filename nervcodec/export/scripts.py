"""Scripts of the web player, joined from the modules in nervcodec/web."""

import json
import re
from base64 import b64encode
from importlib.resources import files

WEB = files("nervcodec") / "web"
IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export ", re.MULTILINE)


def web_file(name: str) -> str:
    """The text of a file of the player."""
    return (WEB / name).read_text("utf-8")


def player_script() -> str:
    """The script of the page itself."""
    return joined("player.js")


def decoder_script() -> str:
    """The script of the worker that decodes, with the kernels and the networks that it needs."""
    networks = json.loads((files("nervcodec.entropy") / "networks.json").read_text("utf-8"))
    kernels = b64encode((WEB / "kernels.wasm").read_bytes()).decode()
    assets = json.dumps({"kernels": kernels, "networks": networks}, separators=(",", ":"))
    return f"const ASSETS = {assets};\n{joined('worker.js')}"


def joined(entry: str) -> str:
    """A module and all that it imports, each once and after those that it imports, as one script."""
    parts: dict[str, str] = {}

    def add(name: str) -> None:
        text = web_file(name)
        for other in IMPORT.findall(text):
            if other not in parts:
                add(other)
        parts[name] = EXPORT.sub("", IMPORT.sub("", text))

    add(entry)
    return "\n".join(parts.values())
