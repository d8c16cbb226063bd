from toolkit.registry import *  # noqa
from toolkit.registry import question  # noqa
