"""Limits of the networks in a stream."""

from nervcodec.errors import RequestError

MAX_STAGES = 8
MAX_STRIDE = 8
MAX_KERNEL = 9
MAX_WIDTH = 2048
MAX_GRID = 2048
MAX_PARAMETERS = 1 << 28
MAX_MAP = 1 << 31  # values in the largest feature map of one frame

MAX_COUPLINGS = 16
MAX_SEED = (1 << 32) - 1
MAX_DEVIATION = 255

MAX_COARSER_GRIDS = 4
MAX_SPAN = 1 << 16
MAX_REACH = 4


def require(condition: bool, what: str) -> None:
    """Raises RequestError, which names what is wrong with a network, unless a condition holds."""
    if not condition:
        raise RequestError(f"no such network: {what}")


def require_kernel(kernel: int) -> None:
    """Raises RequestError for a kernel that is even or too large."""
    require(1 <= kernel <= MAX_KERNEL and kernel % 2 == 1, f"a kernel of {kernel}")


def require_grid(grid: tuple[int, ...]) -> None:
    """Raises RequestError for an embedding that is empty or too large."""
    require(len(grid) == 3 and all(1 <= side <= MAX_GRID for side in grid), f"an embedding of {grid}")
