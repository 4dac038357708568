"""The data sets of the papers: their sequences, the lengths of these, and where to get them."""

import re
from dataclasses import dataclass
from fractions import Fraction

from nervcodec.errors import RequestError

FORMAT_WORDS = re.compile(r"[_\- .](?:\d+x\d+|\d+(?:\.\d+)?(?:fps|hz|f|p)|\d+bit)(?=$|[_\- .]).*", re.IGNORECASE)


@dataclass(frozen=True)
class Known:
    """A sequence as its publishers describe it."""

    name: str
    frames: int
    rate: Fraction
    """Frames per second."""
    aliases: tuple[str, ...] = ()
    """Other names of the sequence, in papers and in archives."""

    @property
    def keys(self) -> set[str]:
        """Keys of all names of the sequence, by `name_key`."""
        return {name_key(name) for name in (self.name, *self.aliases)}


@dataclass(frozen=True)
class DataSet:
    """Sequences on which results are compared."""

    name: str
    sequences: tuple[Known, ...]
    site: str
    """Place where people can get the data set."""
    resolutions: tuple[str, ...] = ()
    """Names of folders that hold all sequences in one resolution each, the preferred one first."""
    joined: bool = False
    """Whether one folder of images may hold all frames of all sequences, in their order."""
    optional: tuple[Known, ...] = ()
    """Sequences of the data set that are taken only by name."""

    def choose(self, videos: tuple[str, ...] | None) -> tuple[Known, ...]:
        """The sequences with given names, in upper or lower case and by any alias, each once; for None, the usual ones.

        Raises RequestError for a name that no sequence has.
        """
        if videos is None:
            return self.sequences
        known = {key: one for one in (*self.sequences, *self.optional) for key in one.keys}
        unknown = [video for video in videos if name_key(video) not in known]
        if unknown:
            names = ", ".join(one.name for one in (*self.sequences, *self.optional))
            raise RequestError(f"{self.name} has no {', '.join(unknown)}; it has {names}")
        return tuple(dict.fromkeys(known[name_key(video)] for video in videos))


def set_name(dataset: str) -> str:
    """The name of a data set in its own spelling; a text that names no data set is returned unchanged."""
    name = dataset.casefold().replace("_", "-")
    return name if name in DATASETS else dataset


def short_name(name: str) -> str:
    """A file's name without its words on size, rate and length: `uvg_jockey` of `uvg_jockey_512x512_48f`."""
    return FORMAT_WORDS.sub("", name) or name


def name_key(name: str) -> str:
    """Key that all spellings of a name share: the letters, in lower case, and digits of the short name."""
    return re.sub(r"[\W_]", "", short_name(name).casefold())


UVG_RATE = Fraction(120)
UVG = DataSet(
    "uvg",
    (
        Known("Beauty", 600, UVG_RATE),
        Known("Bosphorus", 600, UVG_RATE, ("Bosphore", "Bospho", "Bosph")),
        Known("HoneyBee", 600, UVG_RATE, ("Honey", "Bee")),
        Known("Jockey", 600, UVG_RATE),
        Known("ReadySteadyGo", 600, UVG_RATE, ("ReadySetGo", "Ready")),
        Known("ShakeNDry", 300, UVG_RATE, ("ShakeAndDry", "Shake")),
        Known("YachtRide", 600, UVG_RATE, ("Yacht",)),
    ),
    site="https://ultravideo.fi/dataset.html (1080p, 8 bit, YUV)",
    joined=True,
)

DAVIS_DYNAMIC = {
    "blackswan": 50,
    "bmx-bumps": 90,
    "camel": 90,
    "breakdance": 84,
    "car-roundabout": 75,
    "bmx-trees": 80,
    "car-shadow": 40,
    "cows": 104,
    "dance-twirl": 90,
    "dog": 60,
    "car-turn": 80,
    "dog-agility": 25,
    "drift-straight": 50,
    "drift-turn": 64,
    "goat": 90,
    "libby": 49,
    "mallard-fly": 70,
    "mallard-water": 80,
    "parkour": 100,
    "rollerblade": 35,
    "scooter-black": 43,
    "stroller": 91,
}
"""The 22 sequences on which the papers compare, with their numbers of frames."""
DAVIS_OTHER = {
    "bear": 82,
    "boat": 75,
    "breakdance-flare": 71,
    "bus": 80,
    "dance-jump": 60,
    "drift-chicane": 52,
    "elephant": 80,
    "flamingo": 80,
    "hike": 80,
    "hockey": 75,
    "horsejump-high": 50,
    "horsejump-low": 60,
    "kite-surf": 50,
    "kite-walk": 80,
    "lucia": 70,
    "motocross-bumps": 60,
    "motocross-jump": 40,
    "motorbike": 43,
    "paragliding": 70,
    "paragliding-launch": 80,
    "rhino": 90,
    "scooter-gray": 75,
    "soapbox": 99,
    "soccerball": 48,
    "surf": 55,
    "swing": 60,
    "tennis": 70,
    "train": 80,
}
"""The other sequences of DAVIS 2016; those that DAVIS 2017 added can be measured as a folder of clips."""
DAVIS_ALIASES = {"car-roundabout": ("car-round",)}
DAVIS_RATE = Fraction(24)

DAVIS = DataSet(
    "davis",
    tuple(Known(name, frames, DAVIS_RATE, DAVIS_ALIASES.get(name, ())) for name, frames in DAVIS_DYNAMIC.items()),
    site="https://davischallenge.org (DAVIS 2016, or 2017 in full resolution)",
    resolutions=("1080p", "Full-Resolution", "480p"),
    optional=tuple(Known(name, frames, DAVIS_RATE) for name, frames in DAVIS_OTHER.items()),
)

MCL_RATES = {24: (17, 21, 22, 23, 24, 25, 29), 25: (5, 6, 7, 8, 9, 18, 20)}
"""Frames per second of sequences by number; the others have 30, and all last five seconds."""


def _mcl(number: int) -> Known:
    rate = next((rate for rate, numbers in MCL_RATES.items() if number in numbers), 30)
    return Known(f"videoSRC{number:02}", 5 * rate, Fraction(rate), (f"SRC{number:02}",))


MCL_JCV = DataSet("mcl-jcv", tuple(map(_mcl, range(1, 31))), site="https://mcl.usc.edu/mcl-jcv-dataset")

BUNNY = DataSet(
    "bunny", (Known("Bunny", 132, Fraction(25), ("BigBuckBunny",)),), site="the sources of nervcodec", joined=True
)

DATASETS = {one.name: one for one in (BUNNY, UVG, DAVIS, MCL_JCV)}
KEYS = {
    key: name_key(one.name)
    for dataset in DATASETS.values()
    for one in (*dataset.sequences, *dataset.optional)
    for key in one.keys
}


def video_key(name: str) -> str:
    """Key that all names of one video share, including aliases such as `Bospho` for `bosphorus_1920x1080`."""
    return KEYS.get(name_key(name), name_key(name))
